"""Tokkatot runs animal houses and greenhouses: a hub on the farm, a cloud, a phone app."""
