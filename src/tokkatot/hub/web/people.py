"""Who uses the hub's page, by pass or PIN, and what the newest document lets them do."""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import HubId, UserId
from tokkatot.domain.people import RIGHTS, Language, MemberRole, Right
from tokkatot.hub.web.pin import PinLock, PinLocked, PinWrong
from tokkatot.hub.web.problems import HubProblem
from tokkatot.kit.clock import Clock
from tokkatot.wire.passes import PassRefused, open_pass

SESSION_S: Final = 12 * 3600
MAX_SESSIONS: Final = 128
MAX_NAMES: Final = 256
MAX_TOKEN_CHARS: Final = 128

PIN_ROLE: Final = MemberRole.MANAGER
"""Who knows the PIN stands at the hub, and could pull its plug: they may operate, nameless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks, and what they may do by the document of this moment."""

    user_id: UserId
    name: str
    language: Language
    role: MemberRole

    def may(self, right: Right) -> bool:
        """Tell whether the role has a right."""
        return right in RIGHTS[self.role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A new session; `renewal` gets the next one without asking the person, where they can."""

    token: str
    renewal: str
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    user_id: UserId
    name: str
    language: Language
    until_s: float
    sealed_pin: str | None
    """The PIN of the document when it began: a new PIN shows out who came in by the old one."""


class People:
    """Lets people in and knows them again; it forgets all but wrong PINs with the process."""

    def __init__(
        self,
        *,
        hub_id: HubId,
        keys: Mapping[str, Ed25519PublicKey],
        lock: PinLock,
        clock: Clock,
        is_time_known: Callable[[], bool],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._hub_id = hub_id
        self._keys = keys
        self._lock = lock
        self._clock = clock
        self._is_time_known = is_time_known
        self._random_bytes = random_bytes
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._names: OrderedDict[UserId, str] = OrderedDict()

    @property
    def nameless(self) -> UserId:
        """Return who gives the orders of somebody with the PIN: no person, so the hub itself."""
        return UserId(self._hub_id)

    async def recall(self) -> None:
        """Remember what must not be forgotten: how often the PIN was wrong."""
        await self._lock.recall()

    def enter_by_pass(self, token: str, document: DesiredDocument | None) -> Entered:
        """Exchange a pass for a session.

        Raises:
            HubProblem: when the pass is not good, or its person is no member any more.
        """
        try:
            claims = open_pass(token, self._keys, hub_id=self._hub_id)
        except PassRefused as refused:
            raise HubProblem(
                "unauthenticated", f"This pass can't be taken: {refused.reason}."
            ) from refused
        # A hub that was started without a clock can't tell; the newest document still does.
        if self._is_time_known() and claims.exp * 1000 <= self._clock.now_ms():
            raise HubProblem("session_ended", "This pass has ended; the cloud gives a new one.")
        self._names[claims.sub] = claims.name
        self._names.move_to_end(claims.sub)
        if len(self._names) > MAX_NAMES:
            self._names.popitem(last=False)
        session = self._session(claims.sub, claims.name, claims.lang, None)
        person = self._person(session, document)
        if person is None:
            raise HubProblem("forbidden", "You are no member of this farm any more.")
        return Entered(token=self._open(session), renewal=token, person=person)

    async def enter_by_pin(self, pin: str, document: DesiredDocument | None) -> Entered:
        """Exchange the PIN for a session.

        Raises:
            HubProblem: when it is wrong, or was wrong too often.
        """
        sealed = _sealed_pin(document)
        try:
            await self._lock.check(pin, sealed)
        except PinLocked as locked:
            raise HubProblem("rate_limited", retry_after_s=math.ceil(locked.wait_s)) from locked
        except PinWrong:
            raise HubProblem("pin_wrong") from None
        session = self._session(self.nameless, "", Language.KHMER, sealed)
        person = self._person(session, document)
        assert person is not None, "it was this very PIN"
        return Entered(token=self._open(session), renewal="", person=person)

    def known(self, token: str, document: DesiredDocument | None) -> Person:
        """Return whose token it is.

        Raises:
            HubProblem: when nobody's, or nobody's any more.
        """
        session = self._sessions.get(_key(token)) if len(token) <= MAX_TOKEN_CHARS else None
        if session is None or session.until_s <= self._clock.monotonic():
            raise HubProblem("session_ended")
        person = self._person(session, document)
        if person is None:
            raise HubProblem("session_ended", "The PIN is another one, or you are no member now.")
        return person

    def leave(self, token: str) -> None:
        """End a session."""
        self._sessions.pop(_key(token), None)

    def name_of(self, user_id: UserId, document: DesiredDocument | None) -> str:
        """Return a person's name as far as it is known here."""
        for member in document.members if document is not None else ():
            if member.user_id == user_id and member.name:
                return member.name
        return self._names.get(user_id, "")

    def _session(
        self, user_id: UserId, name: str, language: Language, sealed_pin: str | None
    ) -> _Session:
        until_s = self._clock.monotonic() + SESSION_S
        return _Session(
            user_id=user_id, name=name, language=language, until_s=until_s, sealed_pin=sealed_pin
        )

    def _open(self, session: _Session) -> str:
        token = self._random_bytes(32).hex()
        self._sessions[_key(token)] = session
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return token

    def _person(self, session: _Session, document: DesiredDocument | None) -> Person | None:
        role = None
        if session.user_id == self.nameless and session.sealed_pin == _sealed_pin(document):
            role = PIN_ROLE
        for member in document.members if document is not None else ():
            if member.user_id == session.user_id:
                role = member.role
        if role is None:
            return None
        return Person(
            user_id=session.user_id, name=session.name, language=session.language, role=role
        )


def _sealed_pin(document: DesiredDocument | None) -> str | None:
    return None if document is None else document.pin


def _key(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
