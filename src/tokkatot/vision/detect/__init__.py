"""From what the models say to what a person is told."""
