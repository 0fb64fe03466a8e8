"""What the chart has of the stack's configuration, and what is rendered of it: examples, and the base of kustomize."""
