"""The words of the product as types and units, without any I/O."""
