"""Checks and timings for a machine with a CUDA GPU: ``python -m tests.gpu.check``."""
