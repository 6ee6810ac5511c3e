"""Judges what a person asks through the cloud: whether it may begin, and if not, why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tokkatot.domain.commands import Reason
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import HubId, UserId
from tokkatot.domain.people import RIGHTS, Right
from tokkatot.wire.envelope import Envelope, SignatureError, unseal
from tokkatot.wire.messages import (
    Command,
    CommandRow,
    Execute,
    MessageError,
    Photograph,
    ScheduleRunRow,
    decode,
)

A = TypeVar("A", Command, Execute)
"""What may begin once: an order to a device, or the run of a schedule."""
Asked = TypeVar("Asked", Command, Execute, Photograph)
"""What may be asked."""

FUTURE_MS = 10_000
"""An order may be so far ahead of the hub's clock; more would stretch its lifetime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the hub holds true at the moment when an order is judged.

    `cloud_ms` is the cloud's wall time and how far off it may be, None where the hub doesn't know;
    `session` the one that held when the order arrived.
    """

    hub_id: HubId
    session: str | None
    cloud_ms: tuple[int, int] | None
    document: DesiredDocument | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Good(Generic[Asked]):
    """Something that may begin, if it never began before."""

    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Generic[Asked]):
    """Something that may not begin; `trusted` tells whether the cloud really asked it."""

    asked: Asked
    reason: Reason
    trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """Nothing that was asked, or asked of another hub: counted, and not answered."""

    detail: str


def judge(
    payload: bytes, keys: Mapping[str, Ed25519PublicKey], standing: Standing, kind: type[Asked]
) -> Good[Asked] | Refused[Asked] | Garbage:
    """Return what an envelope is that came on the topic of its kind."""
    try:
        asked = decode(unseal(payload, keys), kind)
    except MessageError as error:
        return Garbage(detail=error.reason)
    except SignatureError as error:
        return _unsigned(payload, standing, error.reason, kind)
    if asked.hub != standing.hub_id:
        return Garbage(detail="asked of another hub")
    reason = _objection(asked, standing)
    if reason is None:
        return Good(asked=asked)
    return Refused(asked=asked, reason=reason, trusted=True)


def _unsigned(
    payload: bytes, standing: Standing, detail: str, kind: type[Asked]
) -> Refused[Asked] | Garbage:
    """Return the refusal of what came under a strange key, so that who asked learns why."""
    try:
        asked = decode(decode(payload, Envelope).body, kind)
    except MessageError as error:
        return Garbage(detail=error.reason)
    if asked.hub != standing.hub_id:
        return Garbage(detail=detail)
    return Refused(asked=asked, reason=Reason.BAD_SIGNATURE, trusted=False)


def _objection(asked: Asked, standing: Standing) -> Reason | None:
    if standing.session is None or asked.session != standing.session:
        return Reason.WRONG_SESSION
    if standing.cloud_ms is None or not _is_alive(asked, *standing.cloud_ms):
        return Reason.EXPIRED
    if not _may_operate(UserId(asked.by), standing.document):
        return Reason.MEMBER_REMOVED
    return None


def _is_alive(asked: Asked, cloud_ms: int, error_ms: int) -> bool:
    oldest_ms = cloud_ms + error_ms - asked.issued
    return oldest_ms <= asked.ttl_ms and asked.issued <= cloud_ms + error_ms + FUTURE_MS


def _may_operate(user_id: UserId, document: DesiredDocument | None) -> bool:
    if document is None:
        return False
    return any(
        member.user_id == user_id and Right.OPERATE in RIGHTS[member.role]
        for member in document.members
    )


def refusal(asked: Command | Execute, reason: Reason, t_ms: int) -> CommandRow | ScheduleRunRow:
    """Return the row that tells of what may not begin."""
    if isinstance(asked, Execute):
        return run_row(asked, "skipped", reason, t_ms)
    return CommandRow(
        0,
        "c",
        str(asked.id),
        t_ms,
        "refused",
        reason,
        str(asked.device),
        str(asked.by),
        asked.value,
        None,
        asked.action,
    )


def run_row(
    asked: Execute, outcome: Literal["failed", "skipped"], reason: Reason, t_ms: int
) -> ScheduleRunRow:
    """Return the row of a run that was asked for and is not to be."""
    return ScheduleRunRow(0, "x", str(asked.schedule), t_ms, t_ms, outcome, reason, str(asked.id))
