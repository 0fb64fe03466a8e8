"""What the adapters share: exact counts on a grid, and the rules of the semantic conventions."""
