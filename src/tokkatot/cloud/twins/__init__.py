"""The twins of houses: what if, and fitted to what was recorded."""
