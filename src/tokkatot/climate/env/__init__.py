"""Seasons to be steered through: what a controller sees, does and earns."""
