"""The hub's side of the session, moment by moment."""

import msgspec
import pytest

from tests.support.sync_world import BATCH_ROWS, SyncWorld
from tokkatot.wire.messages import Ack, Hello, Up, decode, encode
from tokkatot.wire.session_actions import LearnClock, TakeDesired, TakeOrder
from tokkatot.wire.session_cloud import ask_for_hello
from tokkatot.wire.session_hub import RENEW_S
from tokkatot.wire.session_tables import LANE, SESSION, LaneState, Phase
from tokkatot.wire.topics import HubLeaf


@pytest.fixture
def world() -> SyncWorld:
    """Return a hub that is in step with its cloud."""
    world = SyncWorld()
    world.link()
    world.deliver_up()
    world.deliver_down()
    assert world.session.phase is Phase.SYNCED
    return world


def leaves(world: SyncWorld) -> list[HubLeaf]:
    return [leaf for leaf, _ in world.up]


def batches(world: SyncWorld) -> list[tuple[str, int]]:
    ups = [decode(payload, Up) for leaf, payload in world.up if leaf is HubLeaf.UP]
    return [(up.stream, up.first) for up in ups]


def hello(world: SyncWorld) -> Hello:
    return decode(next(body for leaf, body in reversed(world.up) if leaf is HubLeaf.HELLO), Hello)


def test_each_stream_has_one_batch_in_flight_and_waits_for_no_other(world: SyncWorld) -> None:
    world.record(3 * BATCH_ROWS)
    world.read()
    assert sorted(batches(world)) == [("events", 1), ("readings", 1)]

    events = batches(world).index(("events", 1))
    world.deliver_up(events)
    world.deliver_down()
    world.record(1)
    world.read()

    assert batches(world) == [("readings", 1), ("events", 2)]


def test_what_is_live_waits_for_nothing_and_is_silent_without_a_session(world: SyncWorld) -> None:
    world.record(3 * BATCH_ROWS)
    world.read()
    message = world.session.live(5, [], [])
    assert message is not None
    assert (message.leaf, message.qos) == (HubLeaf.LIVE, 0)

    world.unlink()
    assert world.session.live(5, [], []) is None


def test_a_batch_without_an_answer_for_15_s_makes_a_new_hello(world: SyncWorld) -> None:
    world.record(1)
    world.read()
    world.up.clear()

    world.pass_time(14.9)
    assert leaves(world) == []
    world.pass_time(0.2)
    assert leaves(world) == [HubLeaf.HELLO]


def greeted_at(world: SyncWorld, seconds: int) -> list[int]:
    """Let a cloud be heard that never answers a hello; return when the hub said one."""
    said: list[int] = []
    for second in range(seconds + 1):
        if second:
            world.pass_time(1)
        said += [second] * leaves(world).count(HubLeaf.HELLO)
        world.up.clear()
        world.do(world.session.receive(HubLeaf.COMMAND, b"", world.now))
    return said


def test_a_hello_is_said_again_soon_and_then_ever_later_until_it_is_answered(
    world: SyncWorld,
) -> None:
    world.unlink()
    world.link()
    assert greeted_at(world, 70) == [0, 1, 3, 7, 15, 30, 45, 60]


def test_after_an_answer_and_on_a_new_line_a_hello_is_again_said_soon(world: SyncWorld) -> None:
    world.unlink()
    world.link()
    greeted_at(world, 40)
    world.unlink()
    world.link()
    assert greeted_at(world, 4) == [0, 1, 3]
    world.pass_time(10)
    world.deliver_up()
    world.deliver_down()
    assert world.session.phase is Phase.SYNCED
    world.pass_time(RENEW_S)
    assert greeted_at(world, 4) == [0, 1, 3]


def test_a_hello_that_is_lost_at_a_brokers_restart_costs_a_second(world: SyncWorld) -> None:
    world.unlink()
    world.link()
    world.up.clear()  # the cloud has not come back to the broker yet
    world.pass_time(1)
    world.deliver_up()
    world.deliver_down()
    assert world.session.phase is Phase.SYNCED


def test_45_s_of_silence_end_the_link_but_only_while_an_answer_is_due(world: SyncWorld) -> None:
    world.pass_time(1_000)
    linked = [world.is_linked]
    world.record(1)
    world.read()
    for _ in range(45):
        world.pass_time(1)
        linked.append(world.is_linked)

    assert linked == [True] * 45 + [False]
    assert world.session.phase is Phase.OFFLINE


def test_silence_ends_the_link_after_45_s_wherever_the_hellos_fall(world: SyncWorld) -> None:
    world.record(1)
    world.read()
    world.pass_time(10)
    world.do(world.session.receive(HubLeaf.COMMAND, b"", world.now))
    linked: list[bool] = []
    for _ in range(45):
        world.pass_time(1)
        linked.append(world.is_linked)

    assert linked == [True] * 44 + [False]


def test_a_cloud_that_is_heard_keeps_the_link_even_if_it_never_answers(world: SyncWorld) -> None:
    world.record(1)
    world.read()
    for _ in range(200):
        world.pass_time(1)
        world.do(world.session.receive(HubLeaf.COMMAND, b"", world.now))

    assert world.is_linked
    assert leaves(world).count(HubLeaf.HELLO) >= 12


def test_a_session_is_renewed_so_that_the_time_stays_right(world: SyncWorld) -> None:
    world.pass_time(RENEW_S - 1)
    assert leaves(world) == []
    world.pass_time(1)
    assert leaves(world) == [HubLeaf.HELLO]


def test_the_time_lies_between_hello_and_welcome() -> None:
    world = SyncWorld()
    world.link()
    world.pass_time(0.5)
    world.deliver_up()
    world.pass_time(0.25)
    world.deliver_down()

    (learnt,) = [action for action in world.other if isinstance(action, LearnClock)]
    assert (learnt.sent_s, learnt.heard_s) == (100.0, 100.75)
    assert learnt.cloud_ms == world.cloud.now_ms - 250


def test_a_welcome_to_an_earlier_hello_is_not_taken(world: SyncWorld) -> None:
    world.unlink()
    world.link()
    world.pass_time(1)
    world.deliver_up()
    world.deliver_down()

    assert world.session.phase is Phase.GREETING
    assert world.session.dropped["welcome to another hello"] == 1


def test_a_welcome_to_a_hello_of_an_earlier_life_is_not_taken() -> None:
    world = SyncWorld()
    world.link()
    world.deliver_up()
    (leaf, welcome), *_ = world.down
    world.boot()
    world.link()

    # Its machine counts from its start: this life greets at the moment at which that one did.
    world.do(world.session.receive(leaf, welcome, world.now))

    assert world.session.phase is Phase.GREETING
    assert world.session.dropped["welcome to another hello"] == 1


def test_a_cloud_that_does_not_hold_the_session_is_greeted_again_once(world: SyncWorld) -> None:
    nudge = encode(ask_for_hello(now_ms=0))
    world.do(world.session.receive(HubLeaf.WELCOME, nudge, world.now))
    assert leaves(world) == []

    world.pass_time(15)
    for _ in range(3):
        world.do(world.session.receive(HubLeaf.WELCOME, nudge, world.now))

    assert leaves(world) == [HubLeaf.HELLO]


@pytest.mark.parametrize(
    "changes",
    [
        {"session": "before"},
        {"epoch": "another"},
        {"acked_through": 0},
        {"acked_through": BATCH_ROWS + 1},
    ],
)
def test_an_ack_that_is_not_of_the_batch_in_flight_moves_nothing(
    world: SyncWorld, changes: dict[str, str | int]
) -> None:
    world.record(3 * BATCH_ROWS)
    world.read()
    before = dict(world.journal.heads())
    session = world.session.session
    assert session is not None
    good = Ack(
        session=session,
        stream="readings",
        epoch=before["readings"].epoch,
        acked_through=BATCH_ROWS,
    )

    strange = msgspec.structs.replace(good, **changes)
    world.do(world.session.receive(HubLeaf.ACK, encode(strange), world.now))
    assert world.journal.heads() == before

    world.do(world.session.receive(HubLeaf.ACK, encode(good), world.now))
    world.do(world.session.receive(HubLeaf.ACK, encode(good), world.now))
    assert world.journal.heads()["readings"].acked == BATCH_ROWS
    assert [wanted.first for wanted in world.reads] == [BATCH_ROWS + 1]


def test_orders_come_with_the_session_that_held_when_they_came(world: SyncWorld) -> None:
    session = world.session.session
    world.do(world.session.receive(HubLeaf.COMMAND, b"order", world.now))
    world.unlink()
    world.link()
    world.do(world.session.receive(HubLeaf.COMMAND, b"order", world.now))
    world.do(world.session.receive(HubLeaf.DESIRED, b"document", world.now))

    assert session is not None
    assert world.other[-3:] == [
        TakeOrder(payload=b"order", session=session),
        TakeOrder(payload=b"order", session=None),
        TakeDesired(payload=b"document"),
    ]


def test_a_journal_that_began_anew_is_announced_by_a_new_hello(world: SyncWorld) -> None:
    world.card.streams["readings"].epoch = "another"
    world.do(world.session.grew(world.journal.heads(), world.now))

    assert leaves(world) == [HubLeaf.HELLO]
    assert hello(world).readings.epoch == "another"


def test_a_hub_that_starts_again_goes_on_in_its_epochs(world: SyncWorld) -> None:
    before = {name: head.epoch for name, head in world.journal.heads().items()}
    world.heal(2)
    world.boot()
    world.heal(2)

    heads = world.journal.heads()
    assert {name: head.epoch for name, head in heads.items()} == before
    assert {head.acked for head in heads.values()} == {2}


def test_a_lane_that_found_no_rows_looks_again(world: SyncWorld) -> None:
    world.record(1)
    for wanted in world.reads:
        world.do(world.session.rows(wanted.stream, None, world.now))
    world.reads.clear()

    world.pass_time(0.5)
    assert world.reads == []
    world.pass_time(0.5)
    assert {wanted.stream for wanted in world.reads} == {"events", "readings"}


def test_every_state_can_be_left_and_reached() -> None:
    for table, first in ((SESSION, Phase.OFFLINE), (LANE, LaneState.CLOSED)):
        states = set(type(first))
        assert {before for before, _ in table} == states
        assert {after for after, _ in table.values()} | {first} == states
