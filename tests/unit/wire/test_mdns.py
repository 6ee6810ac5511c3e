"""What the hub says of its own name to the farm's network."""

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tokkatot.wire.mdns import (
    LEGACY_TTL_S,
    PORT,
    TTL_S,
    Answer,
    announcement,
    answer,
)

NAME = "tokkatot-456789ab.local"
HERE = IPv4Address("192.168.1.5")
A, NSEC, AAAA, ANY, PTR = 1, 47, 28, 255, 12
ALONE = 0x8000
LABELS = b"\x11tokkatot-456789ab\x05local\x00"


def question(
    labels: bytes = LABELS, kind: int = A, class_: int = 1, *, flags: int = 0, number: int = 0
) -> bytes:
    return struct.pack("!6H", number, flags, 1, 0, 0, 0) + labels + struct.pack("!2H", kind, class_)


def answered(packet: bytes, from_port: int = PORT) -> Answer:
    found = answer(packet, NAME, HERE, from_port=from_port)
    assert found is not None
    return found


def address_record(ttl_s: int, class_: int = 0x8001) -> bytes:
    return LABELS + struct.pack("!2HIH", A, class_, ttl_s, 4) + HERE.packed


def test_a_question_for_the_name_is_answered_to_everybody() -> None:
    found = answered(question())
    assert not found.alone
    assert struct.unpack_from("!6H", found.packet) == (0, 0x8400, 0, 1, 0, 1)
    assert found.packet[12:].startswith(address_record(TTL_S))


def test_capitals_in_a_question_are_the_same_name() -> None:
    assert answered(question(LABELS.upper())).packet == answered(question()).packet


def test_who_asks_for_an_answer_alone_gets_it_alone() -> None:
    assert answered(question(class_=1 | ALONE)).alone


def test_an_old_fashioned_resolver_gets_its_number_and_question_back() -> None:
    found = answered(question(number=77), from_port=40_001)
    assert found.alone
    assert struct.unpack_from("!6H", found.packet) == (77, 0x8400, 1, 1, 0, 1)
    echoed = LABELS + struct.pack("!2H", A, 1)
    assert found.packet[12:].startswith(echoed + address_record(LEGACY_TTL_S, class_=1))


def test_who_asks_for_an_ipv6_address_learns_that_there_is_none() -> None:
    packet = answered(question(kind=AAAA)).packet
    assert struct.unpack_from("!6H", packet) == (0, 0x8400, 0, 1, 0, 0)
    nothing_else = struct.pack("!2HIH", NSEC, 0x8001, TTL_S, len(LABELS) + 3)
    assert packet[12:] == LABELS + nothing_else + LABELS + b"\x00\x01\x40"


def test_a_name_in_parts_is_put_together() -> None:
    first = question(b"\x05local\x00", PTR)
    second = b"\x11tokkatot-456789ab\xc0\x0c" + struct.pack("!2H", ANY, 1)
    packet = first[:4] + struct.pack("!H", 2) + first[6:] + second
    assert answered(packet).packet == answered(question()).packet


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (question(b"\x11tokkatot-456789ac\x05local\x00"), "another hub's name"),
        (question(b"\x05local\x00"), "a part of the name"),
        (question(b"\x01x" + LABELS), "more than the name"),
        (question(kind=PTR), "another kind of record"),
        (question(class_=3), "another class"),
        (question(flags=0x8400), "an answer, not a question"),
        (question(flags=0x2800), "another kind of request"),
        (question(b"\xc0\x0c"), "a name that runs in a circle"),
        (question()[:-1], "a question that is cut off"),
        (struct.pack("!6H", 0, 0, 0, 0, 0, 0), "no question"),
        (struct.pack("!6H", 0, 0, 60_000, 0, 0, 0) + question()[12:], "more questions than fit"),
        (struct.pack("!6H", 0, 0, 1, 60_000, 0, 0) + question()[12:], "more answers than fit"),
        (b"", "nothing"),
    ],
)
def test_anything_else_is_passed_over(packet: bytes, why: str) -> None:
    assert answer(packet, NAME, HERE, from_port=PORT) is None, why


@pytest.mark.parametrize(("ttl_s", "is_silent"), [(TTL_S // 2, True), (TTL_S // 2 - 1, False)])
def test_who_knows_the_answer_for_long_enough_is_not_told_again(
    ttl_s: int, is_silent: bool
) -> None:
    asked = question() + address_record(ttl_s)
    packet = asked[:6] + struct.pack("!H", 1) + asked[8:]
    assert (answer(packet, NAME, HERE, from_port=PORT) is None) is is_silent


def test_who_knows_another_address_is_told_the_right_one() -> None:
    asked = question() + address_record(TTL_S)[:-1] + b"\x09"
    packet = asked[:6] + struct.pack("!H", 1) + asked[8:]
    assert answered(packet).packet == answered(question()).packet


def test_a_hub_says_where_it_is_and_when_it_goes() -> None:
    header = struct.pack("!6H", 0, 0x8400, 0, 1, 0, 0)
    assert announcement(NAME, HERE) == header + address_record(TTL_S)
    assert announcement(NAME, HERE, ttl_s=0) == header + address_record(0)


@given(st.binary(max_size=300), st.integers(0, 65_535))
@example(question() + b"\xff" * 40, PORT)
def test_rubbish_never_breaks_it(packet: bytes, from_port: int) -> None:
    found = answer(packet, NAME, HERE, from_port=from_port)
    assert found is None or HERE.packed in found.packet


@given(st.binary(max_size=80), st.integers(0, 3), st.integers(0, 3))
def test_rubbish_behind_a_true_question_never_breaks_it(
    rest: bytes, questions: int, records: int
) -> None:
    packet = struct.pack("!6H", 0, 0, 1 + questions, records, 0, 0) + question()[12:] + rest
    found = answer(packet, NAME, HERE, from_port=PORT)
    assert found is None or HERE.packed in found.packet
