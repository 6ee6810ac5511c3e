"""What people's own words for their birds say of them, in Khmer, in English and by breed."""

import re
from typing import Final

from tokkatot.cloud.farms.model import Flock, House
from tokkatot.domain.flocks import BROILER_WEIGHT_KG, NATIVE_WEIGHT_KG
from tokkatot.domain.flocks import Flock as Birds

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


_OF_THE_VILLAGE: Final = re.compile(
    r"(?:(?:native|local|village|indigenous|backyard|khmer|skuo?y|sko[uo]?y"
    r"|chickens?|birds?|cocks?|meat|breed|cross(?:breeds?)?|free|range)[\s,/-]*)+"
    r"|(?:មាន់)?(?:ពូជ)?(?:ស្រែ|ស្រុក|ខ្មែរ|ស្គុយ|ស្គួយ|ស្កួយ)(?:យក)?(?:សាច់)?\s*"
)
"""All that is said has to be of these words: broilers that are taken for slow birds lack air."""
_VILLAGE: Final = re.compile(
    r"native|local|village|indigenous|backyard|khmer|sk|ស្រែ|ស្រុក|ខ្មែរ|ស្គ|ស្ក"
)
"""And one of it of these: of the rice field, of the country, Khmer, and their best known breed."""


def lays(house: House, flock: Flock | None) -> bool:
    """Tell whether these are laying hens; what is said of a flock goes before its house's word."""
    return _LAYS.search(_said(house, flock)) is not None


def is_native(house: House, flock: Flock | None) -> bool:
    """Tell whether these are chickens of the village, which grow slowly; hens are hens."""
    said = _said(house, flock).strip()
    is_all = _OF_THE_VILLAGE.fullmatch(said) is not None
    return is_all and _VILLAGE.search(said) is not None and _LAYS.search(said) is None


def birds_of(house: House, flock: Flock) -> Birds:
    """Return a flock as the curves take it, as heavy as its people's word for it says."""
    return Birds(
        placed_on=flock.placed_on,
        count=flock.present_count,
        weight_kg=NATIVE_WEIGHT_KG if is_native(house, flock) else BROILER_WEIGHT_KG,
    )


def _said(house: House, flock: Flock | None) -> str:
    said = (flock and flock.chicken_type) or house.chicken_type or ""
    return said.casefold().translate(_UNSEEN)
