"""Nodes on the farm's own broker, by the topics of the contract."""
