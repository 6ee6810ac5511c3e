"""Changes as they happen, to open screens."""
