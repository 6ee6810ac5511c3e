"""Answers across rooms, one for each screen."""
