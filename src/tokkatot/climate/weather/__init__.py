"""Weather to run a house on: measured, typical, made up or foretold."""
