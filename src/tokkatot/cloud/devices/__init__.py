"""Devices, what they report, and the hubs that drive them."""
