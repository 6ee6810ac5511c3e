"""Conditions that a person should know of, raised by hubs and by the cloud."""
