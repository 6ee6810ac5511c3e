"""The on-farm program: reads, decides and acts, with everything else at its edges."""
