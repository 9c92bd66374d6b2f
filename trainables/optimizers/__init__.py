"""Optimizers: a pure update on lists of tensors, and a thin class that holds the state."""
