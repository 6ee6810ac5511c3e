"""Why something can't be done, as a code and its values: each screen has its own words for it."""

from typing import Any

from msgspec import Struct


class Reason(Struct, frozen=True):
    """A code, and what its words are filled with."""

    code: str
    values: dict[str, Any] = {}
    """Numbers, texts and lists of texts by their names; null is a number beyond all others."""
