"""Public data sets, each from the files that its makers distribute."""
