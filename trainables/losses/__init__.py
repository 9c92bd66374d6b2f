"""Losses: one file each, a pure function and a thin module."""
