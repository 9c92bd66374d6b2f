"""Frozen features: images that a network embeds once, in whose place trials train on vectors."""
