"""Houses that a policy advises or steers: when it is asked, and what comes of it."""
