"""Recorded CSV files, brought in as history."""
