"""Judges an order that came from the cloud: whether it may begin, and if not, why."""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tokkatot.domain.commands import Reason
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import HubId, UserId
from tokkatot.domain.people import RIGHTS, Right
from tokkatot.wire.envelope import Envelope, SignatureError, unseal
from tokkatot.wire.messages import Command, CommandRow, MessageError, decode

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
class Good:
    """An order that may begin, if it never began before."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An order that may not begin; `trusted` tells whether the cloud really gave it."""

    command: Command
    reason: Reason
    trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """No order at all, or one for another hub: counted, and not answered."""

    detail: str


def judge(
    payload: bytes, keys: Mapping[str, Ed25519PublicKey], standing: Standing
) -> Good | Refused | Garbage:
    """Return what an envelope from the `command` topic is."""
    try:
        command = decode(unseal(payload, keys), Command)
    except MessageError as error:
        return Garbage(detail=error.reason)
    except SignatureError as error:
        return _unsigned(payload, standing, error.reason)
    if command.hub != standing.hub_id:
        return Garbage(detail="an order for another hub")
    reason = _objection(command, standing)
    if reason is None:
        return Good(command=command)
    return Refused(command=command, reason=reason, trusted=True)


def _unsigned(payload: bytes, standing: Standing, detail: str) -> Refused | Garbage:
    """Return the refusal of an order under a strange key, so that its giver learns why."""
    try:
        command = decode(decode(payload, Envelope).body, Command)
    except MessageError as error:
        return Garbage(detail=error.reason)
    if command.hub != standing.hub_id:
        return Garbage(detail=detail)
    return Refused(command=command, reason=Reason.BAD_SIGNATURE, trusted=False)


def _objection(command: Command, standing: Standing) -> Reason | None:
    if standing.session is None or command.session != standing.session:
        return Reason.WRONG_SESSION
    if standing.cloud_ms is None or not _is_alive(command, *standing.cloud_ms):
        return Reason.EXPIRED
    if not _may_operate(UserId(command.by), standing.document):
        return Reason.MEMBER_REMOVED
    return None


def _is_alive(command: Command, cloud_ms: int, error_ms: int) -> bool:
    oldest_ms = cloud_ms + error_ms - command.issued
    return oldest_ms <= command.ttl_ms and command.issued <= cloud_ms + error_ms + FUTURE_MS


def _may_operate(user_id: UserId, document: DesiredDocument | None) -> bool:
    if document is None:
        return False
    return any(
        member.user_id == user_id and Right.OPERATE in RIGHTS[member.role]
        for member in document.members
    )


def refusal(refused: Refused, t_ms: int) -> CommandRow:
    """Return the row that tells of a refused order."""
    command = refused.command
    return CommandRow(
        0,
        "c",
        str(command.id),
        t_ms,
        "refused",
        refused.reason,
        str(command.device),
        str(command.by),
        command.value,
        None,
    )
