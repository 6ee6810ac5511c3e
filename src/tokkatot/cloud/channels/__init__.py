"""Beside the message centre: people are told over the channels that they turned on."""
