"""What hubs, nodes and the cloud say to each other, as values and state machines without I/O."""
