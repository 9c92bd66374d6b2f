"""A regular package: an installed distribution brings a `tests` of its own, which would hide it."""
