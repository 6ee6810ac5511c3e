"""The broker for a machine without mosquitto: amqtt with our logins and rights."""

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext, BrokerConfig, ListenerConfig
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session
from typing_extensions import override

from tokkatot.cloud.platform.logins import LoginFiles, password_fits

_VERBS = {
    Action.PUBLISH: frozenset({"write", "readwrite"}),
    Action.SUBSCRIBE: frozenset({"read", "readwrite"}),
    Action.RECEIVE: frozenset({"read", "readwrite"}),
}


@dataclass
class _Config:
    folder: str


class LoginsPlugin(BaseAuthPlugin, BaseTopicPlugin):  # type: ignore[misc]  # amqtt ships no types
    """Lets in who has a login, and lets it read and write what its access lines say."""

    Config = _Config

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._files = LoginFiles(Path(self.config.folder))
        self._passwords: dict[str, str] = {}
        self._access: dict[str, tuple[str, ...]] = {}
        self._read()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._read)

    def _read(self) -> None:
        self._passwords = self._files.read_passwords()
        self._access = self._files.read_access()

    @override
    async def authenticate(self, *, session: Session) -> bool:
        """Compare the password with its hash."""
        expected = self._passwords.get(session.username or "")
        return expected is not None and password_fits(session.password or "", expected)

    @override
    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool:
        """Look for a line that covers the topic."""
        if session is None or topic is None or action is None:
            return False
        lines = self._access.get(session.username or "", ())
        return any(
            verb in _VERBS[action] and covers(allowed, topic)
            for verb, _, allowed in (line.partition(" ") for line in lines)
        )


def covers(allowed: str, asked: str) -> bool:
    """Tell whether every topic of the filter `asked` lies within the filter `allowed`."""
    ours, theirs = allowed.split("/"), asked.split("/")
    for index, part in enumerate(ours):
        if part == "#":
            return True
        if index >= len(theirs) or theirs[index] == "#":
            return False
        if part not in ("+", theirs[index]):
            return False
    return len(ours) == len(theirs)


async def serve(folder: str, port: int) -> None:
    """Run until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    broker = Broker(
        BrokerConfig(
            listeners={"default": ListenerConfig(bind=f"127.0.0.1:{port}")},
            plugins={f"{__spec__.name}.{LoginsPlugin.__name__}": {"folder": folder}},
        )
    )
    await broker.start()
    await stopping.wait()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
