"""How studies are read: one or several, what may be compared, and where each number comes from."""
