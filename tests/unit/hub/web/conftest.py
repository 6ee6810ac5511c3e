"""The hub's page over control in a test's hand, asked without a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.engine import FARM, HUB, document
from tests.unit.hub.conftest import Hub
from tokkatot.domain.desired import DesiredDocument, Member
from tokkatot.domain.ids import UserId
from tokkatot.domain.people import Language, MemberRole
from tokkatot.hub.clock_sync import SyncedClock
from tokkatot.hub.config import BrokerAddress, CloudSettings, HubConfig, WebSettings
from tokkatot.hub.web.app import HubApp
from tokkatot.hub.web.assembly import build_web
from tokkatot.wire.passes import issue_pass
from tokkatot.wire.pins import SALT_BYTES, seal_pin

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PIN = "135790"
OWNER, MANAGER, VIEWER, STRANGER = (UserId(UUID(int=number)) for number in (71, 72, 73, 74))
ROLES = {OWNER: MemberRole.OWNER, MANAGER: MemberRole.MANAGER, VIEWER: MemberRole.VIEWER}
URL = "http://192.168.1.5:8470"
FARM_PATH = f"/v1/farms/{FARM}"


def peopled(*users: UserId, version: int = 1, pin: str | None = None) -> DesiredDocument:
    """Return a farm with these members, and a PIN that its owner has set."""
    members = tuple(
        Member(user_id=user, role=ROLES[user], name=ROLES[user].title()) for user in users
    )
    sealed = None if pin is None else seal_pin(pin, b"s" * SALT_BYTES)
    return replace(document(), version=version, members=members, farm_name="Kandal", pin=sealed)


class Page:
    """The page with its hub, and people who come in."""

    def __init__(self, hub: Hub, folder: Path, web_folder: Path | None = None) -> None:
        self.hub = hub
        self._random = count(1)
        self.clock = SyncedClock(hub.clock, is_machine_synchronised=lambda: False)
        cloud = CloudSettings(
            broker=BrokerAddress(host="x", port=1, tls=False), keys={"k1": KEY.public_key()}
        )
        settings = WebSettings(host="127.0.0.1", port=1, pin=PIN)
        config = HubConfig(
            folder=folder,
            hub_id=HUB,
            farm_id=FARM,
            data_dir=folder,
            cloud=cloud,
            web=settings,
            nodes=None,
            drivers=(),
        )
        self.web = build_web(
            config,
            settings,
            control=hub.control,
            journal=hub.journal,
            clock=self.clock,
            ids=hub.ids,
            random_bytes=lambda size: next(self._random).to_bytes(size),
            software="test",
            figures=lambda: {"software": "test"},
        )
        self.parts = self.web._parts
        self.app = HubApp(self.parts, web_folder=web_folder).asgi

    def client(
        self, token: str | None = None, *, address: str = "192.168.1.9", url: str = URL
    ) -> httpx.AsyncClient:
        """Return a browser on the farm's network."""
        transport = httpx.ASGITransport(
            self.app, raise_app_exceptions=False, client=(address, 4711)
        )
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(transport=transport, base_url=url, headers=headers)

    def pass_of(self, user: UserId, key: Ed25519PrivateKey = KEY, *, days_ago: float = 0) -> str:
        """Return a person's pass, given so many days ago."""
        token, _ = issue_pass(
            user,
            name="Somebody",
            language=Language.ENGLISH,
            hub_id=HUB,
            now_ms=self.clock.now_ms() - round(days_ago * 86_400_000),
            kid="k1",
            key=key,
        )
        return token

    async def enter(self, **body: str) -> httpx.Response:
        async with self.client() as web:
            return await web.post("/v1/auth/hub-pass", json=body)

    async def person(self, user: UserId) -> httpx.AsyncClient:
        """Return the browser of a person who has come in by their pass."""
        answer = await self.enter(token=self.pass_of(user))
        assert answer.status_code == 200, answer.text
        return self.client(answer.json()["access_token"])

    async def order(
        self, web: httpx.AsyncClient, device: UUID, body: object, **headers: str
    ) -> httpx.Response:
        """Give an order, and let control take its turns."""
        answer = await web.post(
            f"{FARM_PATH}/devices/{device}/commands", json=body, headers=headers
        )
        await self.hub.turn(0.01)
        return answer


@pytest.fixture
async def page(hub: Hub, tmp_path: Path) -> AsyncIterator[Page]:
    await hub.configure(peopled(OWNER, MANAGER, VIEWER))
    async with served(hub, tmp_path) as page:
        hub.sense()
        await hub.turn()
        yield page


@asynccontextmanager
async def served(hub: Hub, folder: Path) -> AsyncIterator[Page]:
    """Begin with a page that knows nothing but what the journal has kept."""
    page = Page(hub, folder)
    await page.parts.recall()
    reading = asyncio.create_task(page.parts.past.run())
    try:
        async with asyncio.timeout(120):
            yield page
    finally:
        reading.cancel()
