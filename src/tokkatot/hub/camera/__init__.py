"""Photographs of droppings: when they are taken, and what is told of them."""
