"""Work that takes longer than a request: asked for, queued, done in a process of its own."""
