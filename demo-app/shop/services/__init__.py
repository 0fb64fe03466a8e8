"""What each service does; a module per service, found by its name."""
