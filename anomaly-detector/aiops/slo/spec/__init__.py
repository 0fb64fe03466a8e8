"""Objectives as users write them: OpenSLO, sloth, indicators and periods."""
