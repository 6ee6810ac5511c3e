"""What a house's own records tell of its twin."""
