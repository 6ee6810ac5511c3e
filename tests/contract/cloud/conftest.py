"""The application over a fresh database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from apprise.plugins.telegram import NotifyTelegram

from tests.support.certificates import certified
from tests.support.channels import CLOUDS_BOT, choose
from tests.support.cloud import Cloud, cloud_over
from tests.support.house import House, house_of
from tests.support.http_peer import HttpPeer, http_peer
from tests.support.post_office import PostOffice, post_office
from tests.support.running import HandHub, Owner, Running, hand_hub, running_cloud
from tests.support.scene import Scene, scene_in
from tests.support.shelf import Shelf, shelf_of
from tests.support.stores import readings_in_influx
from tests.support.yard import make_yard
from tokkatot.cloud.platform.broker import EmbeddedBroker
from tokkatot.cloud.telemetry.store import ReadingStore
from tokkatot.domain.ids import FarmId


@pytest.fixture(autouse=True)
def _plain_log() -> Iterator[None]:
    structlog.configure(
        processors=[
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture
async def cloud(postgres_url: str, tmp_path: Path) -> AsyncIterator[Cloud]:
    async with cloud_over(postgres_url, tmp_path) as running:
        yield running


@pytest.fixture
async def running(
    postgres_url: str, tmp_path: Path, mosquitto: EmbeddedBroker
) -> AsyncIterator[Running]:
    """The application, its workers and a real broker."""
    async with running_cloud(postgres_url, tmp_path, mosquitto) as found:
        yield found


@pytest.fixture
async def owner(running: Running) -> Owner:
    person, farm_id = await running.cloud.sign_up()
    return person, await make_yard(running.database, farm_id=FarmId(farm_id))


@pytest.fixture
async def hub(running: Running, owner: Owner) -> AsyncIterator[HandHub]:
    """The hub of the owner's farm, spoken by hand."""
    async with hand_hub(running, owner[1]) as found:
        yield found


STORES = ("postgresql", pytest.param("influxdb", marks=pytest.mark.needs("influxd")))


@pytest.fixture(params=STORES)
async def readings(request: pytest.FixtureRequest, cloud: Cloud) -> AsyncIterator[ReadingStore]:
    """Each store of readings, and the application over it."""
    if request.param == "postgresql":
        yield cloud.readings
        return
    async with readings_in_influx(cloud, request.getfixturevalue("influx_url")):
        yield cloud.readings


@pytest.fixture
async def shelf(cloud: Cloud, readings: ReadingStore) -> Shelf:
    return await shelf_of(cloud, readings)


@pytest.fixture
async def house(cloud: Cloud) -> House:
    return await house_of(cloud)


@pytest.fixture
async def scene(cloud: Cloud) -> Scene:
    return await scene_in(cloud)


@pytest.fixture
async def push(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[HttpPeer]:
    """A push service, the only one that the cloud knows."""
    tls = certified(tmp_path / "push.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "push.pem"))
    async with http_peer((201, {}), tls) as peer:
        choose(house, push_services=peer.host)
        yield peer


@pytest.fixture
async def mails(house: House) -> AsyncIterator[PostOffice]:
    async with post_office() as found:
        choose(house, smtp_url=f"smtp://{found.url}", mail_from="Tokkatot <mail@tokkatot.example>")
        yield found


@pytest.fixture
async def telegram(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpPeer]:
    async with http_peer((200, {"ok": True, "result": {"message_id": 1}})) as peer:
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://{peer.host}/bot")
        choose(house, telegram_token=CLOUDS_BOT)
        yield peer
