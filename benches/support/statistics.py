"""One number from many."""

from collections.abc import Sequence


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 don't exceed (nearest rank)."""
    assert len(values) >= 20, "a 95th percentile of fewer is the maximum by another name"
    return _percentile(values, 95)


def p99(values: Sequence[float]) -> float:
    """Return the value that 99 of 100 don't exceed; of fewer than 100 values the largest."""
    return _percentile(values, 99)


def spread(values: Sequence[float], unit: str) -> str:
    """Return what a person wants to know beside a percentile."""
    half, most = _percentile(values, 50), max(values)
    return f"median {half:.2f} {unit}, p99 {p99(values):.2f}, most {most:.2f}, of {len(values)}"


def _percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[-(-len(ordered) * percent // 100) - 1]
