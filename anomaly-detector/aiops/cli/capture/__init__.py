"""A capture of an incident: one file with all that an engine needs to see it again."""
