"""What every child process of a hub keeps to."""
