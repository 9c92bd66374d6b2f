"""Which weights an evaluation is of (averages over steps, those of the best validation), and which
copies of an image."""
