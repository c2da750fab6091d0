"""Kernels for the extra `[fast]`: imported late, each with a NumPy fallback of the same values."""
