"""Twins of greenhouse and poultry house: their physics, and what is run and fitted on it."""
