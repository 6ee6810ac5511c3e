"""The built web app, served alike by the cloud and by a hub."""
