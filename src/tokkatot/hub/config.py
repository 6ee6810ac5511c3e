"""The settings of one hub, read from its `hub.toml` and refused where they are wrong."""

import binascii
import tomllib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta, Struct

from tokkatot.domain.ids import FarmId, HubId
from tokkatot.wire.messages import MAX_ADDRESSES, LanAddress
from tokkatot.wire.pictures import MAX_CAMERAS, Camera, CameraKind

EMBEDDED = "embedded"
_MAX_BYTES = 256 * 1024
_PORTS = {"mqtt": 1883, "mqtts": 8883}

DriverKind = Literal["simulated", "mqtt_node", "replay"]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Port = Annotated[int, Meta(ge=1, le=65535)]


class ConfigRefused(Exception):
    """A hub.toml that can't be used; `reason` says what to change, for people."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where an MQTT broker is and who logs in there."""

    host: str
    port: int
    tls: bool
    login: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """The cloud's broker, and the keys whose signatures this hub believes."""

    broker: BrokerAddress
    keys: Mapping[str, Ed25519PublicKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """The files of the page's certificate."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Where the hub's own web listens, and who it tells so; `pin` None is one of its own making.

    `announce` has the hub answer to its own name on the farm's network.
    """

    host: str
    port: int
    pin: str | None = None
    addresses: tuple[str, ...] = ()
    announce: bool = True
    secured: Secured | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLogin:
    """What one login may use: these devices' topics, and these houses' facility topics."""

    name: str
    password: str
    devices: tuple[str, ...]
    houses: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedBroker:
    """A broker for the farm's nodes that the hub runs itself."""

    host: str
    port: int
    logins: tuple[NodeLogin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSettings:
    """One driver instance; its options are checked by its own folder."""

    name: str
    kind: DriverKind
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSettings:
    """Cameras that look at droppings, how often, and how much of the disk their pictures take.

    `models` None: those of the package.
    """

    cameras: tuple[Camera, ...]
    every_s: float
    limit_bytes: int
    models: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubConfig:
    """Everything that a hub is told at its start; it never changes while it runs.

    `folder` is where the file lies: relative paths in it start there.
    """

    folder: Path
    hub_id: HubId
    farm_id: FarmId
    data_dir: Path
    cloud: CloudSettings | None
    web: WebSettings | None
    nodes: BrokerAddress | EmbeddedBroker | None
    drivers: tuple[DriverSettings, ...]
    pictures: PictureSettings | None = None


class _Hub(Struct, frozen=True, forbid_unknown_fields=True):
    id: UUID
    farm: UUID
    data_dir: str = "data"


class _Cloud(Struct, frozen=True, forbid_unknown_fields=True):
    url: str
    login: str
    keys: Annotated[dict[Name, str], Meta(min_length=1)]
    password: str | None = None
    password_file: str | None = None


class _Web(Struct, frozen=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    port: Port = 8470
    enabled: bool = True
    pin: Annotated[str, Meta(pattern=r"^[0-9]{6,12}$")] | None = None
    addresses: Annotated[tuple[LanAddress, ...], Meta(max_length=MAX_ADDRESSES)] = ()
    announce: bool = True
    certificate: str | None = None
    key: str | None = None


class _Login(Struct, frozen=True, forbid_unknown_fields=True):
    password: Annotated[str, Meta(min_length=8)]
    devices: tuple[Name, ...] = ()
    houses: tuple[UUID, ...] = ()


class _Nodes(Struct, frozen=True, forbid_unknown_fields=True):
    broker: str
    login: str | None = None
    password: str | None = None
    password_file: str | None = None
    host: str = "127.0.0.1"
    port: Port = 1883
    logins: dict[Name, Annotated[str, Meta(min_length=8)] | _Login] = {}


class _Camera(Struct, frozen=True, forbid_unknown_fields=True):
    house: UUID
    kind: CameraKind
    path: str | None = None
    url: str | None = None
    login: str | None = None
    password: str | None = None
    password_file: str | None = None


class _Pictures(Struct, frozen=True, forbid_unknown_fields=True):
    every_minutes: Annotated[float, Meta(ge=1, le=1440)] = 30
    limit_mb: Annotated[int, Meta(ge=16, le=1024 * 1024)] = 500
    models: str | None = None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    hub: _Hub
    cloud: _Cloud | None = None
    web: _Web = _Web()
    nodes: _Nodes | None = None
    drivers: dict[Name, dict[str, object]] = {}
    cameras: Annotated[dict[Name, _Camera], Meta(max_length=MAX_CAMERAS)] = {}
    pictures: _Pictures = _Pictures()


def read_config(path: Path) -> HubConfig:
    """Return the settings in a hub.toml.

    Raises:
        ConfigRefused: when the file can't be read or a setting is missing, unknown or wrong.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigRefused(path, f"longer than {_MAX_BYTES} bytes")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        file = msgspec.convert(document, type=_File)
        return _settings(file, path.absolute().parent)
    except OSError as error:
        raise ConfigRefused(path, f"can't be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigRefused(path, f"is no TOML: {error}") from error
    except (msgspec.ValidationError, ValueError) as error:
        raise ConfigRefused(path, str(error)) from error


def _settings(file: _File, folder: Path) -> HubConfig:
    return HubConfig(
        folder=folder,
        hub_id=HubId(file.hub.id),
        farm_id=FarmId(file.hub.farm),
        data_dir=folder / file.hub.data_dir,
        cloud=None if file.cloud is None else _cloud(file.cloud, folder),
        web=_web(file.web, folder) if file.web.enabled else None,
        nodes=None if file.nodes is None else _nodes(file.nodes, folder),
        drivers=tuple(_driver(name, options) for name, options in file.drivers.items()),
        pictures=_pictures(file, folder) if file.cameras else None,
    )


def _pictures(file: _File, folder: Path) -> PictureSettings:
    pictures = file.pictures
    return PictureSettings(
        cameras=tuple(_camera(name, camera, folder) for name, camera in file.cameras.items()),
        every_s=pictures.every_minutes * 60,
        limit_bytes=pictures.limit_mb * 1024 * 1024,
        models=None if pictures.models is None else folder / pictures.models,
    )


def _camera(name: str, camera: _Camera, folder: Path) -> Camera:
    where = f"[cameras.{name}]"
    if camera.kind == "http":
        if camera.url is None or urlsplit(camera.url).scheme not in {"http", "https"}:
            raise ValueError(f"{where} needs a url: http://… of a single picture")
        target = camera.url
    elif camera.path is None:
        raise ValueError(f"{where} needs a path: a file or a folder, or such as /dev/video0")
    else:
        target = str(folder / camera.path)
    return Camera(
        name=name,
        house=camera.house,
        kind=camera.kind,
        where=target,
        login=camera.login,
        password=_password(camera.password, camera.password_file, folder, where),
    )


def _web(web: _Web, folder: Path) -> WebSettings:
    if (web.certificate is None) != (web.key is None):
        raise ValueError("[web] needs both certificate and key, or neither")
    secured = None
    if web.certificate is not None and web.key is not None:
        secured = Secured(certificate=folder / web.certificate, key=folder / web.key)
    return WebSettings(
        host=web.host,
        port=web.port,
        pin=web.pin,
        addresses=web.addresses,
        announce=web.announce,
        secured=secured,
    )


def _cloud(cloud: _Cloud, folder: Path) -> CloudSettings:
    password = _password(cloud.password, cloud.password_file, folder, "[cloud]")
    if password is None:
        raise ValueError("[cloud] needs a password or a password_file")
    return CloudSettings(
        broker=_broker(cloud.url, cloud.login, password, "[cloud] url"),
        keys={kid: _key(kid, text) for kid, text in cloud.keys.items()},
    )


def _nodes(nodes: _Nodes, folder: Path) -> BrokerAddress | EmbeddedBroker:
    if nodes.broker == EMBEDDED:
        return EmbeddedBroker(
            host=nodes.host,
            port=nodes.port,
            logins=tuple(_login(name, login) for name, login in nodes.logins.items()),
        )
    if nodes.logins:
        raise ValueError('[nodes.logins] belongs to broker = "embedded" alone')
    password = _password(nodes.password, nodes.password_file, folder, "[nodes]")
    return _broker(nodes.broker, nodes.login, password, "[nodes] broker")


def _login(name: str, login: str | _Login) -> NodeLogin:
    if name == "hub":
        raise ValueError("[nodes.logins] may not name the hub itself")
    if isinstance(login, str):
        return NodeLogin(name=name, password=login, devices=(name,), houses=())
    return NodeLogin(
        name=name,
        password=login.password,
        # A login that is named for nothing else is the login of the device of that name.
        devices=login.devices or (() if login.houses else (name,)),
        houses=login.houses,
    )


def _driver(name: str, section: Mapping[str, object]) -> DriverSettings:
    options = dict(section)
    kind = options.pop("kind", None)
    if kind is None:
        raise ValueError(f"[drivers.{name}] needs a kind: simulated, mqtt_node or replay")
    try:
        known = msgspec.convert(kind, type=DriverKind)
    except msgspec.ValidationError as error:
        raise ValueError(f"[drivers.{name}] kind: {error}") from error
    return DriverSettings(name=name, kind=known, options=options)


def _broker(url: str, login: str | None, password: str | None, where: str) -> BrokerAddress:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError(f"{where} must look like mqtt://host:1883 (or mqtts://), not {url!r}")
    if parts.username or parts.password:
        raise ValueError(f"{where} holds a login: give login and password on their own")
    return BrokerAddress(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        login=login,
        password=password,
    )


def _password(
    password: str | None, password_file: str | None, folder: Path, where: str
) -> str | None:
    if password is not None and password_file is not None:
        raise ValueError(f"{where} has both password and password_file")
    if password_file is None:
        return password
    path = folder / password_file
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{where} password_file {path}: {error.strerror}") from error


def _key(kid: str, text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"[cloud.keys] {kid} is no Ed25519 public key in base64") from error
