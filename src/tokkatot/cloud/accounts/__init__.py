"""People: who they are, how they get in, and their sessions."""
