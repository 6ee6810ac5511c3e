"""Disease in droppings: from the bytes of a photograph to a decision, and how that was learned."""
