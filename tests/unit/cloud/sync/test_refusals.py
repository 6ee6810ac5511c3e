"""Values that are no readings, found in what a hub sends."""

import pytest

from tokkatot.cloud.sync.refusals import refused_value
from tokkatot.wire.cursor import RefusedRow
from tokkatot.wire.messages import EventRow


def unreadable(raw: str) -> RefusedRow:
    return RefusedRow(seq=1, raw=raw, reason="?")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('[1,"r","d","temperature",5,null,0]', "missing"),
        ('[1,"r","d","temperature",5,"#REF!",0]', "not_a_number"),
        ('[1,"r","d","temperature",5,true,0]', "not_a_number"),
        ('[1,"r","d","temperature",null,20,0]', "bad_time"),
        ('[1,"r","d","mood",5,20,9]', "unknown_quantity"),
    ],
)
def test_a_reading_with_a_field_of_the_wrong_type_is_a_refused_value(raw: str, reason: str) -> None:
    found = refused_value(unreadable(raw))
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize("raw", ["", "{", '[1,"?"]', '[1,"r"]', '[1,"s","d",5]', "[[[["])
def test_what_is_no_reading_at_all_is_no_refused_value(raw: str) -> None:
    assert refused_value(unreadable(raw)) is None


def test_a_hubs_own_refusal_without_its_parts_is_only_an_event() -> None:
    assert refused_value(EventRow(1, "e", 5, "reading.refused", {"device": "d"})) is None
