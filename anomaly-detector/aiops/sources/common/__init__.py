"""What the adapters share: exact counts on a grid, and what the semantic conventions say."""
