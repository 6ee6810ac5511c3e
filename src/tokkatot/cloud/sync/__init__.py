"""The cloud's end of the talk with hubs."""
