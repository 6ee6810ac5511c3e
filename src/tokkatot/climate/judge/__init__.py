"""How controllers are compared, on weather that none of them has seen."""
