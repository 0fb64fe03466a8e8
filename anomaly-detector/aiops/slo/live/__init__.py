"""Objectives as they stand: what was counted, what burns, what is left."""
