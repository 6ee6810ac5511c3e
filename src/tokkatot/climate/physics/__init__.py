"""The physics, written once as scalar functions: numbers in, numbers out, no I/O and no NumPy."""
