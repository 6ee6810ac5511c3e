"""Readings: taken in, kept by day, looked up."""
