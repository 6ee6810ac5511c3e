"""How policies are learned; needs the extra `train`, which nothing else does."""
