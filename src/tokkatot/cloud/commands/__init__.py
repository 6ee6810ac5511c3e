"""Orders of people to devices, from the tap to their end."""
