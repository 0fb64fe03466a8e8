"""What commands share: exit codes, output files and tables, and the history they look back on."""
