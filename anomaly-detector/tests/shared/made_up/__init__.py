"""What several packages of tests share: an engine over made-up sources, and incidents to show."""
