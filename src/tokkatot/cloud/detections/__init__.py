"""What photographs of droppings show: asked of the detector, told by hubs, marked by people."""
