"""The durable memory of a hub: its two streams, its orders, its desired document."""
