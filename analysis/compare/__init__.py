"""Who is better, how surely, and what casts doubt on it: numbers, no sections."""
