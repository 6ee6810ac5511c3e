"""Reads back what a card says of its models."""

import re
from pathlib import Path

from tokkatot.vision.evaluate.scores import Score

_FIGURE = re.compile(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) to ([\d.]+) \| (\d+) \|$", re.MULTILINE)
_KNOWN = re.compile(r"^\| \d+ \|((?: [\d.]+ \|){5})$", re.MULTILINE)


def figures_in(card: Path) -> dict[str, Score]:
    """Return the results on held-out photographs by name."""
    return {
        name: Score(value=float(value), low=float(low), high=float(high), count=int(count))
        for name, value, low, high, count in _FIGURE.findall(card.read_text())
    }


def known_answers_in(card: Path) -> list[list[float]]:
    """Return the doubt and the probabilities of the drawn pictures."""
    rows = _KNOWN.findall(card.read_text())
    return [[float(cell) for cell in row.strip(" |").split("|")] for row in rows]
