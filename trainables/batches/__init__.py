"""What a batch holds: which images, how they are changed, and how they are mixed."""
