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
    """The words of people on the farm that the desired document that is held may not know of.

    A word lasts until a document says the same: the cloud has taken it over, or a person there has
    said so. From then on the document counts alone. Of a stop this has to be a newer document: the
    stop of an older one may be lifted in the cloud before it hears of this word. A lift also ends
    with a newer document whose stop was pressed after it: the cloud passes such a lift over as
    well.
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

    def say(
        self, house_id: HouseId, word: Word, shown: DesiredDocument, *, by_person: bool
    ) -> bool:
        """Note what is said on the farm; False where that is nothing new of a house as it is shown.

        A stop beside that of the cloud is new: that one may be lifted there by now. But a button
        that stays pressed says the same for ever.
        """
        houses = {house.id: house.software_stop for house in shown.houses}
        if house_id not in houses:
            return False
        before = self._words.get(house_id)
        is_beside = word.stopped and by_person and (before is None or not before.stopped)
        if houses[house_id] == word.stopped and not is_beside:
            return False
        self._words[house_id] = word
        return True

    def apply(self, document: DesiredDocument) -> DesiredDocument:
        """Return the document with the words that it may not know of, and forget the others."""
        self._words = {
            house.id: word
            for house in document.houses
            if (word := self._words.get(house.id)) is not None
            and not _is_heard(word, house, document.version)
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


def _is_heard(word: Word, house: HouseConfig, version: int) -> bool:
    return word.stopped == house.software_stop and (not word.stopped or version > word.version)


def _is_overtaken(word: Word, house: HouseConfig, version: int) -> bool:
    pressed_ms = house.stopped_ms
    later = pressed_ms is not None and pressed_ms > word.t_ms
    return not word.stopped and version > word.version and later
