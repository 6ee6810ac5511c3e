"""A poultry house: birds, their litter and the air that they share; verified, not validated."""
