"""The simulated world: houses whose physics answers to their relays, and the demo farm."""
