"""The detector as a service of its own: pictures in by HTTP, verdicts out."""
