"""Learned policies as a process of their own, each house behind its shield."""
