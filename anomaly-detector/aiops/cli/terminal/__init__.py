"""What commands share: how they end, the files and tables they write, and the history they look back on."""
