"""Learned policies: which houses they advise or steer, and what they decided there."""
