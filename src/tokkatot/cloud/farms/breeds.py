"""What people's own words for their birds say of them, in Khmer, in English and by breed."""

import re
from typing import Final

from tokkatot.cloud.farms.model import Flock, House

_LATIN: Final = (
    "layers?", "laying", "hens?", "pullets?", "eggs?",
    "isa", "lohmann", "hy[- ]?line", "hisex", "dekalb", "bovans", "babcock", "novogen", "leghorn",
)  # fmt: skip
"""Breeds that are kept for nothing but eggs stand for their kind."""
_KHMER: Final = ("ពង(?!្)", "ស(?:៊ុ|ុ៊|៊ូ|ូ៊|ុី|ីុ)ត", "មេមាន់", "មាន់មេ")
"""To lay, an egg as it is spelt, a mother of chickens; `ពង` with a letter below is another word."""
_LAYS: Final = re.compile(rf"(?<![a-z])(?:{'|'.join(_LATIN)})(?![a-z])|{'|'.join(_KHMER)}")
_UNSEEN: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d"))
"""Khmer is written without spaces; what marks its words is not seen."""


def lays(house: House, flock: Flock | None) -> bool:
    """Tell whether these are laying hens; what is said of a flock goes before its house's word."""
    said = (flock and flock.chicken_type) or house.chicken_type or ""
    return _LAYS.search(said.casefold().translate(_UNSEEN)) is not None
