"""Objectives as they are written: OpenSLO, sloth, their indicators and periods."""
