"""What a photograph of droppings may show, in the order of every model's answers."""

from enum import StrEnum


class Finding(StrEnum):
    """The four classes that the models know."""

    HEALTHY = "healthy"
    COCCIDIOSIS = "coccidiosis"
    SALMONELLA = "salmonella"
    NEWCASTLE = "newcastle"


FINDINGS: tuple[Finding, ...] = tuple(Finding)
IMPOSTOR = len(FINDINGS)
"""Where the models' fifth answer stands: no readable dropping at all."""
ANSWERS = len(FINDINGS) + 1
"""How many numbers a model gives for one picture."""
