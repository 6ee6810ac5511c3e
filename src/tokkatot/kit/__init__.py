"""Clock, ids, backoff and queues: the standard library and nothing else."""
