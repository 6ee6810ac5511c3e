"""The checker of rows knows a card that was numbered anew from one that has lost its rows."""

from dataclasses import replace

import pytest

from tokkatot.cloud.sync.memory import MemoryStore
from tokkatot.sim.check_rows import RowsCheck
from tokkatot.sim.layout import lay_out
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import StreamName
from tokkatot.wire.streams import StreamHead

HELD = StreamHead(epoch="first", next=101, acked=40, unsent_from=90)
ANEW = StreamHead(epoch="second", next=61, acked=0, unsent_from=1, before=40)
SAME: dict[StreamName, StreamHead] = {"events": HELD, "readings": HELD}
NOTHING = StreamHead(epoch="third", next=1, acked=0, unsent_from=1)


class Card:
    """A hub's card with a hundred rows in each stream."""

    def __init__(self, heads: dict[StreamName, StreamHead] = SAME) -> None:
        self.findings = Findings(now_s=lambda: 0.0)
        self.rows = RowsCheck(self.findings, MemoryStore(), lay_out(1).hub_id)
        self.rows.card.next = heads["readings"].next
        self.rows.look(heads)

    def opened(self, heads: dict[StreamName, StreamHead]) -> list[str]:
        """Open it in a new process of the hub."""
        self.rows.opened({**SAME, **heads}, replaced=0)
        return [violation.detail for violation in self.findings.violations]


@pytest.fixture
def card() -> Card:
    return Card()


@pytest.mark.parametrize("stream", ["events", "readings"])
def test_an_epoch_that_a_power_cut_met_as_it_began_is_no_loss(
    card: Card, stream: StreamName
) -> None:
    card.rows.renumbering(stream)
    assert card.opened({stream: ANEW}) == []


@pytest.mark.parametrize("stream", ["events", "readings"])
def test_an_epoch_that_nobody_asked_for_is_a_loss(card: Card, stream: StreamName) -> None:
    assert card.opened({stream: ANEW}) == [f"{stream} began anew"]


def test_an_epoch_that_was_seen_excuses_no_second_one(card: Card) -> None:
    card.rows.renumbering("readings")
    card.rows.look({"events": HELD, "readings": ANEW})
    assert card.opened({"readings": replace(ANEW, epoch="third")}) == ["readings began anew"]


@pytest.mark.parametrize("stream", ["events", "readings"])
def test_rows_that_are_gone_are_a_loss_though_an_epoch_was_begun(
    card: Card, stream: StreamName
) -> None:
    card.rows.renumbering(stream)
    assert card.opened({stream: NOTHING}) == [f"{stream} went back from 101 to 1"]


def test_an_image_of_the_card_remembers_the_epoch_that_was_begun(card: Card) -> None:
    card.rows.renumbering("readings")
    card.rows.card_restored(card.rows.card.copy())
    assert card.opened({"readings": ANEW}) == []


def test_a_journal_for_which_there_was_no_room_has_lost_nothing() -> None:
    card = Card({"events": NOTHING, "readings": NOTHING})
    other = replace(NOTHING, epoch="fourth")
    assert card.opened({"events": other, "readings": other}) == []
