"""What steers a house: rules, and later a learned policy behind its shield."""
