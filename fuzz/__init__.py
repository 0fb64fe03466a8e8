"""Inputs that atheris makes, guided by the coverage of the code that reads them: `python -m fuzz --help`."""
