"""The hub's page on real sockets: its addresses, its certificate, and what the hub tells of it."""

import asyncio
import ssl
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
from tests.support.engine import FARM, HUB
from tests.support.processes import free_port
from tokkatot.cli.hub_status import tell_status
from tokkatot.hub.config import Secured, WebSettings
from tokkatot.hub.lan import interfaces, page_addresses, ways_to
from tokkatot.hub.main import Machine, run_hub
from tokkatot.kit.clock import SystemClock

PIN = "135790"


def certificate(folder: Path) -> Secured:
    """Make a certificate for this machine that vouches for itself."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, None)
    )
    secured = Secured(certificate=folder / "hub.pem", key=folder / "hub.key")
    secured.certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secured.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return secured


async def test_a_certificate_of_the_farms_own_is_served(tmp_path: Path) -> None:
    await keep(tmp_path, sealed(msgspec.json.encode(wired())))
    port, secured = free_port(), certificate(tmp_path)
    settings = replace(
        config(tmp_path, port),
        web=WebSettings(host="127.0.0.1", port=port, pin=PIN, secured=secured),
    )
    machine = Machine(
        clock=SystemClock(),
        random=lambda: 1.0,
        random_bytes=token_bytes,
        software="test",
        worlds={"house": BareWorld()},
    )
    task = asyncio.create_task(run_hub(settings, machine))
    trusting = ssl.create_default_context(cafile=str(secured.certificate))
    try:
        async with (
            asyncio.timeout(30),
            httpx.AsyncClient(base_url=f"https://127.0.0.1:{port}", verify=trusting) as web,
        ):
            while not await answers(web):
                await asyncio.sleep(0.05)
            entered = await web.post("/v1/auth/hub-pass", json={"pin": PIN})
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert entered.json()["farms"][0]["id"] == str(FARM)


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


def test_the_status_of_settings_that_are_wrong_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell_status(tmp_path / "hub.toml") == 2
    assert "can't be read" in capsys.readouterr().err
