"""Takes letters by Telegram and SMS, over the one plugin of Apprise that each needs."""

import asyncio
import importlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from apprise.common import NotifyFormat
from apprise.plugins.telegram import NotifyTelegram
from typing_extensions import override

from tokkatot.cloud.channels.carriers import Carrier, Letter, NotTaken
from tokkatot.cloud.channels.model import Failure
from tokkatot.cloud.platform.sms_url import SMS_SERVICES

Send = Callable[[Letter], bool]
"""Hands a letter over in a thread; False where the service does not take it."""

_SMS_CHARS = 160
_NO_REDIRECTS = {"redirect": "no"}


class AppriseCarrier(Carrier):
    """Apprise blocks while it sends, so that it has a few threads of its own.

    It waits 4 seconds at most for each answer. Should all its threads hang none the less, what
    comes is tried again later; nothing else waits for them.
    """

    def __init__(self, send: Send, *, threads: int) -> None:
        self._send = send
        self._most = threads
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="apprise")
        self._running: set[Future[bool]] = set()

    @override
    async def carry(self, letter: Letter) -> None:
        self._running = {one for one in self._running if not one.done()}
        if len(self._running) >= self._most:
            raise NotTaken(Failure.BUSY, "every thread waits for the service")
        sending = self._threads.submit(self._send, letter)
        self._running.add(sending)
        if not await asyncio.wrap_future(sending):
            # Apprise logs why, and tells no more.
            raise NotTaken(Failure.NO_ANSWER, "the service did not take it")


def by_telegram(token: str | None) -> Send:
    """Return what tells people by their own bot, or by the cloud's."""

    def send(letter: Letter) -> bool:
        bot = NotifyTelegram(
            bot_token=letter.secrets.get("token", token),
            targets=[letter.address],
            **_NO_REDIRECTS,
        )
        return _notify(bot, title=letter.title, body=letter.text)

    return send


def by_sms(url: str) -> Send:
    """Return what tells people by the service that an address names."""
    module, name = SMS_SERVICES[url.partition("://")[0].lower()]
    service = getattr(importlib.import_module(f"apprise.plugins.{module}"), name)
    parsed = service.parse_url(url)

    def send(letter: Letter) -> bool:
        sender = service(**{**parsed, **_NO_REDIRECTS, "targets": [letter.address]})
        # Each 70 letters of Khmer are paid for: what and where is enough to go and look.
        where = letter.body.partition("\n")[0]
        return _notify(sender, title="", body=f"{letter.title}\n{where}"[:_SMS_CHARS])

    return send


def _notify(service: Any, *, title: str, body: str) -> bool:
    return bool(service.notify(title=title, body=body, body_format=NotifyFormat.TEXT))
