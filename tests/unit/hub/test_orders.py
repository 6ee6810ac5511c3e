"""Which orders may begin."""

from dataclasses import replace
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tokkatot.domain.commands import Reason
from tokkatot.domain.desired import DesiredDocument, Member
from tokkatot.domain.ids import FarmId, HubId, UserId
from tokkatot.domain.people import MemberRole
from tokkatot.hub.orders import Garbage, Good, Refused, Standing, judge, refusal
from tokkatot.wire.envelope import seal
from tokkatot.wire.messages import Command, CommandRow, Execute, ScheduleRunRow, encode

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
STRANGE_KEY = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
KEYS = {"key-1": KEY.public_key()}
NOW_MS = 1_800_000_000_000
HUB = HubId(UUID("0190b5a0-0000-7000-8000-0000000000aa"))
MANAGER = UUID("0190b5a0-0000-7000-8000-000000000001")
VIEWER = UUID("0190b5a0-0000-7000-8000-000000000002")

DOCUMENT = DesiredDocument(
    farm_id=FarmId(UUID(int=1)),
    hub_id=HUB,
    version=1,
    expires_ms=NOW_MS,
    time_zone="Asia/Phnom_Penh",
    houses=(),
    devices=(),
    members=(
        Member(user_id=UserId(MANAGER), role=MemberRole.MANAGER),
        Member(user_id=UserId(VIEWER), role=MemberRole.VIEWER),
    ),
)
STANDING = Standing(hub_id=HUB, session="now", cloud_ms=(NOW_MS, 100), document=DOCUMENT)
COMMAND = Command(
    hub=HUB,
    id=UUID("0190b5a0-0000-7000-8000-000000000bbb"),
    session="now",
    device=UUID("0190b5a0-0000-7000-8000-00000000000a"),
    action="on",
    value=100.0,
    issued=NOW_MS - 1_000,
    ttl_ms=30_000,
    end_s=600,
    by=MANAGER,
)


def sealed(command: Command, key: Ed25519PrivateKey = KEY, kid: str = "key-1") -> bytes:
    return seal(encode(command), kid=kid, key=key)


def changed(**changes: object) -> bytes:
    return sealed(msgspec.structs.replace(COMMAND, **changes))


def reason_of(payload: bytes, standing: Standing = STANDING) -> Reason:
    verdict = judge(payload, KEYS, standing, Command)
    assert isinstance(verdict, Refused)
    assert verdict.trusted
    return verdict.reason


def test_a_good_order_may_begin() -> None:
    assert judge(sealed(COMMAND), KEYS, STANDING, Command) == Good(asked=COMMAND)


def test_an_order_of_another_session_is_refused() -> None:
    assert reason_of(changed(session="before")) is Reason.WRONG_SESSION
    assert reason_of(sealed(COMMAND), replace(STANDING, session=None)) is Reason.WRONG_SESSION


@pytest.mark.parametrize("age_ms", [29_901, 60_000, -10_101, 10**12])
def test_an_order_outside_its_lifetime_is_refused(age_ms: int) -> None:
    assert reason_of(changed(issued=NOW_MS - age_ms)) is Reason.EXPIRED


@pytest.mark.parametrize("age_ms", [29_900, 0, -10_100])
def test_an_order_within_its_lifetime_is_good_by_the_clock_at_its_worst(age_ms: int) -> None:
    assert isinstance(judge(changed(issued=NOW_MS - age_ms), KEYS, STANDING, Command), Good)


def test_a_hub_that_does_not_know_the_time_begins_nothing() -> None:
    assert reason_of(sealed(COMMAND), replace(STANDING, cloud_ms=None)) is Reason.EXPIRED


@pytest.mark.parametrize("by", [VIEWER, UUID(int=9)])
def test_an_order_of_somebody_without_the_right_is_refused(by: UUID) -> None:
    assert reason_of(changed(by=by)) is Reason.MEMBER_REMOVED


def test_without_a_document_nobody_is_a_member() -> None:
    assert reason_of(sealed(COMMAND), replace(STANDING, document=None)) is Reason.MEMBER_REMOVED


@pytest.mark.parametrize(
    "payload",
    [sealed(COMMAND, STRANGE_KEY), sealed(COMMAND, KEY, "key-2")],
    ids=["forged", "unknown key"],
)
def test_an_order_under_a_strange_key_is_refused_and_not_trusted(payload: bytes) -> None:
    verdict = judge(payload, KEYS, STANDING, Command)

    assert verdict == Refused(asked=COMMAND, reason=Reason.BAD_SIGNATURE, trusted=False)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b"x" * 2_000_000,
        seal(b"no command", kid="key-1", key=KEY),
        seal(b"no command", kid="key-1", key=STRANGE_KEY),
        changed(hub=UUID(int=7)),
        seal(
            encode(msgspec.structs.replace(COMMAND, hub=UUID(int=7))), kid="key-1", key=STRANGE_KEY
        ),
        changed(ttl_ms=10**9),
        changed(end_s=0),
        changed(value=101.0),
    ],
)
def test_what_is_no_order_of_this_hub_is_garbage(payload: bytes) -> None:
    assert isinstance(judge(payload, KEYS, STANDING, Command), Garbage)


def test_a_refusal_names_the_order_and_the_reason() -> None:
    row = refusal(COMMAND, Reason.EXPIRED, 5)

    assert isinstance(row, CommandRow)
    assert (row.command, row.state, row.reason, row.by) == (
        str(COMMAND.id),
        "refused",
        "expired",
        str(MANAGER),
    )


# ------------------------------------------------------------------------------- execute now

EXECUTE = Execute(
    hub=HUB,
    id=UUID("0190b5a0-0000-7000-8000-000000000ccc"),
    session="now",
    schedule=UUID("0190b5a0-0000-7000-8000-00000000000b"),
    issued=NOW_MS - 1_000,
    ttl_ms=30_000,
    by=MANAGER,
)


def asked_to_run(**changes: object) -> bytes:
    return seal(encode(msgspec.structs.replace(EXECUTE, **changes)), kid="key-1", key=KEY)


def test_a_good_request_to_run_a_schedule_may_begin() -> None:
    assert judge(asked_to_run(), KEYS, STANDING, Execute) == Good(asked=EXECUTE)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"session": "before"}, Reason.WRONG_SESSION),
        ({"issued": NOW_MS - 60_000}, Reason.EXPIRED),
        ({"by": VIEWER}, Reason.MEMBER_REMOVED),
    ],
)
def test_a_request_to_run_a_schedule_is_refused_like_an_order(
    changes: dict[str, object], reason: Reason
) -> None:
    verdict = judge(asked_to_run(**changes), KEYS, STANDING, Execute)
    assert isinstance(verdict, Refused)
    assert (verdict.reason, verdict.trusted) == (reason, True)


def test_an_order_is_no_request_to_run_a_schedule() -> None:
    assert isinstance(judge(sealed(COMMAND), KEYS, STANDING, Execute), Garbage)
    assert isinstance(judge(asked_to_run(), KEYS, STANDING, Command), Garbage)


def test_a_refused_request_is_told_as_a_run_that_was_skipped() -> None:
    assert refusal(EXECUTE, Reason.EXPIRED, 5) == ScheduleRunRow(
        0, "x", str(EXECUTE.schedule), 5, 5, "skipped", "expired", str(EXECUTE.id)
    )
