"""The server that stores, relays and shows."""
