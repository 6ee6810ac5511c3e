"""The software stop of a house as the latest person said it, on the farm or in the cloud."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec
from msgspec import Struct

from tokkatot.domain.desired import DesiredDocument, HouseConfig
from tokkatot.domain.ids import HouseId

NAME: Final = "stops"


class Word(Struct, frozen=True, array_like=True):
    """What a person on the farm said, when, and which document the hub held then."""

    stopped: bool
    t_ms: int
    version: int


class Stops:
    """The words of people on the farm that contradict the desired document that is held.

    A word lasts until a document says the same: the cloud has taken it over, or a person there has
    said so. From then on the document counts alone. A lift also ends with a newer document whose
    stop was pressed after it: the cloud passes such a lift over as well.
    """

    def __init__(self, words: Mapping[HouseId, Word] | None = None) -> None:
        self._words = dict(words or {})

    @classmethod
    def decode(cls, kept: bytes | None) -> "Stops":
        """Return what was kept; what can't be read is as if nothing had been said."""
        if kept is None:
            return cls()
        try:
            return cls(msgspec.json.decode(kept, type=dict[HouseId, Word]))
        except msgspec.DecodeError:
            return cls()

    def encode(self) -> bytes:
        """Return what is to be kept; the same words give the same bytes."""
        return msgspec.json.encode(dict(sorted(self._words.items())))

    def say(self, house_id: HouseId, word: Word) -> None:
        """Note what a person on the farm says."""
        self._words[house_id] = word

    def apply(self, document: DesiredDocument) -> DesiredDocument:
        """Return the document with the words that contradict it, and forget the others."""
        self._words = {
            house.id: word
            for house in document.houses
            if (word := self._words.get(house.id)) is not None
            and word.stopped != house.software_stop
            and not _is_overtaken(word, house, document.version)
        }
        if not self._words:
            return document
        houses = tuple(
            replace(house, software_stop=self._words[house.id].stopped)
            if house.id in self._words
            else house
            for house in document.houses
        )
        return replace(document, houses=houses)


def _is_overtaken(word: Word, house: HouseConfig, version: int) -> bool:
    pressed_ms = house.stopped_ms
    later = pressed_ms is not None and pressed_ms > word.t_ms
    return not word.stopped and version > word.version and later
