"""Simulated hardware: a world handed in from outside answers to the relays."""
