"""Reads in the head of a JPEG how it is scanned, as the decoder will see it."""

import re
from dataclasses import dataclass
from typing import Final

STARTS_WITH: Final = b"\xff\xd8\xff"
MAX_SEGMENTS: Final = 1024
"""Before the first scan; profiles and previews of cameras need some hundred at most."""
MAX_BETWEEN: Final = 4096
"""Bytes between two segments, where there should be none."""

_MARKER: Final = re.compile(rb"\xff+([^\x00\xff])")
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers that no length follows."""
_SOF: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
"""Frames that the decoder knows."""
_SOS: Final = 0xDA


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstScan:
    """How many components of how many the first scan holds."""

    components: int
    of: int

    @property
    def is_all(self) -> bool:
        """Whether the rows can be decoded as they come; otherwise all is kept until the end."""
        return self.components == self.of


def first_scan(data: bytes) -> FirstScan | None:
    """Return what the first scan of a JPEG holds; None where its head leads to none."""
    at, of = 2, 0
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(data, at, at + MAX_BETWEEN)
        if found is None:
            return None
        at = found.end()
        marker = found[1][0]
        if marker in _ALONE:
            continue
        body = data[at : at + 8]
        if len(body) < 8:
            return None
        if marker == _SOS:
            return FirstScan(components=body[2], of=of)
        if marker in _SOF:
            of = body[7]
        at += max(int.from_bytes(body[:2]), 2)
    return None
