"""Labelled photographs: reading, checking and splitting sets of them."""
