"""The hub's page on the farm's own network: the same app and answers as the cloud's."""
