"""A learned policy as a file, and the card that says what it is worth."""
