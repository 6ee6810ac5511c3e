"""The hub's page on real sockets: its addresses, its certificate, and what the hub tells of it."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from secrets import token_bytes

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.contract.test_hub_main import config, keep, sealed, wired
from tests.support.bare_world import BareWorld
from tests.support.engine import FARM, HOUSE, HUB, IDS
from tests.support.processes import free_port
from tokkatot.cli.hub_status import tell_status
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.quantities import Quantity
from tokkatot.hub.config import Secured, WebSettings
from tokkatot.hub.drivers.simulated.source import sensor_channel
from tokkatot.hub.lan import interfaces, page_addresses, ways_to
from tokkatot.hub.main import Machine, run_hub
from tokkatot.kit.clock import SystemClock
from tokkatot.wire.mdns import GROUP, PORT
from tokkatot.wire.passes import lan_name
from tokkatot.wire.pins import SALT_BYTES, seal_pin

PIN = "135790"


def _made(
    name: str, key: Ed25519PrivateKey, issuer: str, signer: Ed25519PrivateKey, *, ca: bool
) -> x509.Certificate:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_common(name))
        .issuer_name(_common(issuer))
        .public_key(key.public_key())
        .serial_number(1 if ca else 2)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        here = x509.IPAddress(IPv4Address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([here]), critical=False)
    return builder.sign(signer, None)


def _common(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def certificate(folder: Path) -> tuple[Secured, Path]:
    """Make an authority of the farm's own, and by it a certificate for this machine."""
    authority, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    secured = Secured(certificate=folder / "hub.pem", key=folder / "hub.key")
    trusted = folder / "ca.pem"
    for path, made in (
        (trusted, _made("farm", authority, "farm", authority, ca=True)),
        (secured.certificate, _made("hub", key, "farm", authority, ca=False)),
    ):
        path.write_bytes(made.public_bytes(Encoding.PEM))
    secured.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return secured, trusted


@asynccontextmanager
async def running(
    folder: Path, web: WebSettings, document: DesiredDocument | None = None
) -> AsyncIterator[None]:
    """Run a whole hub with a document that the cloud has signed, in a house that is well."""
    world = BareWorld()
    world.shows = {
        sensor_channel(DeviceRole.CLIMATE_SENSOR, Quantity.TEMPERATURE): 26.0,
        sensor_channel(DeviceRole.WATER_LEVEL_SENSOR, Quantity.WATER_LEVEL): 60.0,
    }
    await keep(folder, sealed(msgspec.json.encode(document or wired())))
    machine = Machine(
        clock=SystemClock(),
        is_clock_synchronised=lambda: True,
        random=lambda: 1.0,
        random_bytes=token_bytes,
        software="test",
        worlds={"house": world},
    )
    task = asyncio.create_task(run_hub(replace(config(folder, web.port), web=web), machine))
    try:
        async with asyncio.timeout(120):
            yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_certificate_of_the_farms_own_authority_is_served(tmp_path: Path) -> None:
    port, (secured, trusted) = free_port(), certificate(tmp_path)
    web = WebSettings(host="127.0.0.1", port=port, pin=PIN, secured=secured)
    trusting = ssl.create_default_context(cafile=str(trusted))
    url = f"https://127.0.0.1:{port}"
    async with running(tmp_path, web):
        async with httpx.AsyncClient(base_url=url, verify=trusting) as phone:
            await answering(phone)
            entered = await phone.post("/v1/auth/hub-pass", json={"pin": PIN})
        strange = ssl.create_default_context()
        async with httpx.AsyncClient(base_url=url, verify=strange) as phone:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await phone.get("/health")
        plain = httpx.AsyncClient(base_url=url.replace("https", "http"))
        async with plain as phone:
            with pytest.raises(httpx.TransportError):
                await phone.get("/health")
    assert entered.json()["farms"][0]["id"] == str(FARM)


async def test_a_page_on_every_address_listens_on_both_kinds_of_number(tmp_path: Path) -> None:
    port = free_port()
    web = WebSettings(host="::", port=port, pin=PIN, announce=False)
    async with running(tmp_path, web):
        for host in ("127.0.0.1", "[::1]"):
            async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as phone:
                await answering(phone)
                assert (await phone.get("/v1/hub")).json()["id"] == str(HUB)


@pytest.mark.xdist_group("mdns")
async def test_a_hub_whose_page_is_open_to_the_farm_answers_to_its_name(tmp_path: Path) -> None:
    web = WebSettings(host="0.0.0.0", port=free_port(), pin=PIN)  # noqa: S104 - the farm's network
    name = "".join(f"{chr(len(part))}{part}" for part in lan_name(HUB).split("."))
    query = struct.pack("!6H", 7, 0, 1, 0, 0, 0) + name.encode() + b"\0" + struct.pack("!2H", 1, 1)
    async with running(tmp_path, web):
        for interface in interfaces():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
                way = struct.pack("4s4si", bytes(4), bytes(4), interface.index)
                phone.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, way)
                phone.setblocking(False)
                found = await asked(phone, query)
            assert interface.address.packed in found


async def asked(phone: socket.socket, query: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    while True:
        phone.sendto(query, (str(GROUP), PORT))
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                return await loop.sock_recv(phone, 1500)


async def answering(web: httpx.AsyncClient) -> None:
    while not await answers(web):
        await asyncio.sleep(0.05)


async def test_a_page_that_is_started_again_reads_what_was_before_from_the_card(
    tmp_path: Path,
) -> None:
    port = free_port()
    web = WebSettings(host="127.0.0.1", port=port, pin=PIN)
    house = f"/v1/farms/{FARM}/houses/{HOUSE}"
    light = f"/v1/farms/{FARM}/devices/{IDS[DeviceRole.LIGHT]}/commands"
    shown = []
    for run in range(2):
        async with (
            running(tmp_path, web),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as phone,
        ):
            await answering(phone)
            entered = (await phone.post("/v1/auth/hub-pass", json={"pin": PIN})).json()
            phone.headers["Authorization"] = f"Bearer {entered['access_token']}"
            if run == 0:
                while not (await phone.post(light, json={"action": "on"})).is_success:
                    await asyncio.sleep(0.05)
                await phone.post(f"{house}/stop")
                while (await phone.get(light)).json()["items"][0]["state"] == "executing":
                    await asyncio.sleep(0.05)
            while not (await phone.get(f"{house}/history")).json()["series"]:
                await asyncio.sleep(0.05)
            shown.append(
                (
                    [one["id"] for one in (await phone.get(light)).json()["items"]],
                    (await phone.get(f"{house}/state")).json()["stop"],
                )
            )
    (commands, stop), again = shown
    assert (len(commands), stop["by"]) == (1, None)
    assert again == (commands, stop)


async def answers(web: httpx.AsyncClient) -> bool:
    try:
        return (await web.get("/health")).status_code == 200
    except httpx.TransportError:
        return False


def test_a_page_on_every_address_is_under_the_hubs_name_last() -> None:
    settings = WebSettings(host="0.0.0.0", port=1)  # noqa: S104 - read, not bound
    found = page_addresses(settings, HUB)
    assert found[-1] == f"http://tokkatot-{HUB.hex[-8:]}.local:1"
    assert len(found) == min(len(interfaces()), 7) + 1


def test_no_interface_is_the_machine_itself() -> None:
    assert [one for one in interfaces() if one.address.is_loopback] == []


def test_a_page_is_announced_where_it_is_reached() -> None:
    everywhere = WebSettings(host="0.0.0.0", port=1)  # noqa: S104 - read, not bound
    assert ways_to(everywhere) == interfaces()
    for one in interfaces():
        assert ways_to(WebSettings(host=str(one.address), port=1)) == [one]
    assert ways_to(WebSettings(host="127.0.0.1", port=1)) == []


def test_the_status_tells_page_and_pin_of_a_hub_that_is_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(
        f'[hub]\nid = "{HUB}"\nfarm = "{FARM}"\n'
        f'[web]\nport = {free_port()}\npin = "{PIN}"\naddresses = ["http://farm.lan"]\n'
    )
    assert tell_status(path) == 1
    told = capsys.readouterr().out
    assert "does not answer" in told
    assert "http://farm.lan" in told
    assert PIN in told


@pytest.mark.parametrize(
    ("sealed_pin", "told"),
    [(None, PIN), (seal_pin("802461", bytes(SALT_BYTES)), "has set in the app")],
)
async def test_the_status_tells_where_the_pin_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sealed_pin: str | None, told: str
) -> None:
    port = free_port()
    path = tmp_path / "hub.toml"
    path.write_text(f'[hub]\nid = "{HUB}"\nfarm = "{FARM}"\n[web]\nport = {port}\npin = "{PIN}"\n')
    web = WebSettings(host="127.0.0.1", port=port, pin=PIN)
    async with running(tmp_path, web, replace(wired(), pin=sealed_pin)):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as phone:
            await answering(phone)
        assert await asyncio.to_thread(tell_status, path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [told in line for line in lines if line.startswith("PIN:")] == [True]


async def test_the_status_tells_what_the_hub_has_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"status":"ok","dropped":{"nodes: broker":7,"journal: not kept":2}}'
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    port = free_port()
    path = tmp_path / "hub.toml"
    path.write_text(f'[hub]\nid = "{HUB}"\nfarm = "{FARM}"\n[web]\nport = {port}\npin = "{PIN}"\n')
    async with await asyncio.start_server(tell, "127.0.0.1", port):
        assert await asyncio.to_thread(tell_status, path) == 0
    lines = capsys.readouterr().out.splitlines()
    lost = [line for line in lines if line.startswith("lost:")]
    assert lost == ["lost:  7 (nodes: broker)", "lost:  2 (journal: not kept)"]


def test_the_status_of_settings_that_are_wrong_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell_status(tmp_path / "hub.toml") == 2
    assert "can't be read" in capsys.readouterr().err
