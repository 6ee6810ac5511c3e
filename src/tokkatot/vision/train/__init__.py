"""How the models are learned; needs the extra `train`, which nothing else does."""
