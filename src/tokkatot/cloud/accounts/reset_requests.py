"""Deals with people who can't get in: tells their farms, and mails a code where it can."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from tokkatot.cloud.accounts import store
from tokkatot.cloud.accounts.codes import MAILED_DIGITS, new_reset_code
from tokkatot.cloud.accounts.contacts import ContactRefused, normal_login
from tokkatot.cloud.accounts.letters import reset_letter
from tokkatot.cloud.accounts.model import MAILED_CODE_LIFETIME, ResetRequest, User
from tokkatot.cloud.accounts.ports import FarmDirectory
from tokkatot.cloud.accounts.service import keep_reset_code
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.mail import Mail, MailDelayed, Mailer, MailRefused
from tokkatot.domain.alerts import Severity
from tokkatot.domain.ids import UserId
from tokkatot.domain.people import Language

_log = structlog.get_logger(__name__)

ASKED = "password.reset_asked"
MAX_WAITING = 1000
"""Requests beyond this are dropped; whoever really can't get in asks again."""
ASK_AGAIN_AFTER = timedelta(minutes=10)
"""A person's request is passed over where the one before is younger."""
MAX_TRIES = 5
FIRST_RETRY = timedelta(minutes=1)
LOOK_EVERY_S = 2.0
FORGOT_PAGE = "/forgot"


async def ask(tx: Transaction, login: str, origin: Origin) -> None:
    """Keep a request to be looked into later.

    Who asks learns nothing, not even by how long it takes: the same is written for everybody.
    """
    try:
        normal = normal_login(login)
    except ContactRefused:
        return
    if await store.request_count(tx.session) >= MAX_WAITING:
        _log.warning("reset_requests.full")
        return
    await store.keep_request(
        tx.session,
        ResetRequest(
            login=normal,
            asked_at=tx.now,
            due_at=tx.now,
            tries=0,
            ip=origin.ip,
            user_agent=origin.user_agent,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """What is to be mailed to whom."""

    login: str
    user_id: UserId
    to: str
    language: Language
    last_try: bool


class ResetRequests:
    """Works through the requests; of several processes each takes others."""

    def __init__(self, context: Context, farms: FarmDirectory, mailer: Mailer | None) -> None:
        self._context = context
        self._farms = farms
        self._mailer = mailer

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            while await self.deal_with_one():
                pass
            await self._context.clock.sleep(LOOK_EVERY_S)

    async def deal_with_one(self) -> bool:
        """Deal with the request that waits longest; return False where none is due."""
        async with self._context.database.transaction() as tx:
            request = await store.due_request(
                tx.session, now=tx.now, again_at=lambda tries: _again_at(tx.now, tries)
            )
            if request is None:
                return False
            letter = await self._look_into(tx, request)
            if letter is None:
                await store.drop_request(tx.session, request.login)
        if letter is not None and self._mailer is not None:
            await self._mail(self._mailer, letter)
        return True

    async def _look_into(self, tx: Transaction, request: ResetRequest) -> _Letter | None:
        """Tell the person's farms, and return what is to be mailed."""
        user = await store.user_by_login(tx.session, request.login)
        if user is None or (request.tries == 1 and not await self._tell_farms(tx, user, request)):
            return None
        if self._mailer is None or user.email is None:
            return None
        return _Letter(
            login=request.login,
            user_id=UserId(user.id),
            to=user.email,
            language=user.language,
            last_try=request.tries >= MAX_TRIES,
        )

    async def _tell_farms(self, tx: Transaction, user: User, request: ResetRequest) -> bool:
        """Log the request at each farm of the person; return False where they have just asked."""
        since = request.asked_at - ASK_AGAIN_AFTER
        if await store.recent_event(tx.session, user.id, ASKED, since=since):
            return False
        origin = Origin(ip=request.ip, user_agent=request.user_agent)
        for farm_id in [*await self._farms.farm_ids_of(tx, UserId(user.id)), None]:
            audit.record(
                tx, ASKED, farm_id=farm_id, user_id=user.id, t=request.asked_at, origin=origin
            )
        return True

    async def _mail(self, mailer: Mailer, letter: _Letter) -> None:
        """Mail a new code; a former one, of a try that failed, is void."""
        code = new_reset_code(MAILED_DIGITS)
        code_hash = await self._context.passwords.hash(code)
        async with self._context.database.transaction() as tx:
            await keep_reset_code(
                tx, letter.user_id, code_hash, by=None, lifetime=MAILED_CODE_LIFETIME
            )
        text = reset_letter(letter.language, code, page=self._page())
        try:
            await mailer.send(Mail(to=letter.to, subject=text.subject, text=text.text))
        except MailRefused as error:
            await self._given_up(letter, str(error))
        except MailDelayed as error:
            if letter.last_try:
                await self._given_up(letter, str(error))
            else:
                _log.warning("mail.delayed", user=str(letter.user_id), error=str(error))
        else:
            async with self._context.database.transaction() as tx:
                await store.drop_request(tx.session, letter.login)
                audit.record(tx, "password.code_mailed", user_id=letter.user_id)

    async def _given_up(self, letter: _Letter, error: str) -> None:
        _log.warning("mail.given_up", user=str(letter.user_id), error=error)
        async with self._context.database.transaction() as tx:
            await store.drop_request(tx.session, letter.login)
            audit.record(
                tx,
                "password.code_not_mailed",
                user_id=letter.user_id,
                severity=Severity.WARNING,
            )

    def _page(self) -> str | None:
        public_url = self._context.settings.public_url
        return None if public_url is None else public_url.rstrip("/") + FORGOT_PAGE


def _again_at(now: datetime, tries: int) -> datetime:
    """Return when a request is looked into again, should the try that begins now fail."""
    return now + FIRST_RETRY * (1 << (tries - 1))
