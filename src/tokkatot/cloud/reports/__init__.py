"""The event log and what is summed up from it."""
