"""One number from many."""

from collections.abc import Sequence


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 don't exceed (nearest rank)."""
    assert len(values) >= 20, "a 95th percentile of fewer is the maximum by another name"
    ordered = sorted(values)
    return ordered[-(-len(ordered) * 95 // 100) - 1]
