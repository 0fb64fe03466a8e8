"""What concerns the one process: its log, its data folder, its garbage collector, and where tests make it fail."""
