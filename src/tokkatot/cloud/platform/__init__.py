"""What every room of the cloud stands on."""
