"""From the bytes of a photograph to what the models see."""
