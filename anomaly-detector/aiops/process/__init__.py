"""The process itself: its log, its data folder, its garbage collector, and the places where tests make it fail."""
