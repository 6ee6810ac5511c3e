"""Drivers: one folder a protocol, each behind the same small port."""
