"""Lays out the demo farm through the cloud's own services, once, and writes its hubs' files."""

import socket
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from itertools import repeat
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from tokkatot.cli.toml import to_toml
from tokkatot.climate.policy.card import CARD, MODEL, SHIPPED
from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.accounts.caller import Caller
from tokkatot.cloud.accounts.contacts import normal_login
from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.accounts.service import NewPerson, create_user
from tokkatot.cloud.devices import store as devices_store
from tokkatot.cloud.devices.hubs import provision_hub, revoke_hub
from tokkatot.cloud.devices.service import NewDevice, add_device
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.cycles import NewCrop, NewFlock, change_flock, place_flock, plant_crop
from tokkatot.cloud.farms.houses import NewHouse, create_house
from tokkatot.cloud.farms.members import invite
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.farms.service import NewFarm, create_farm
from tokkatot.cloud.intelligence.registry import add_policy, deploy
from tokkatot.cloud.platform.audit import NOWHERE
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.platform.keys import SigningKeys
from tokkatot.cloud.platform.objects import Objects, picture_key
from tokkatot.cloud.platform.passwords import Passwords
from tokkatot.cloud.platform.private_files import write_private
from tokkatot.cloud.platform.settings import CloudSettings
from tokkatot.cloud.schedules.rules import set_rules
from tokkatot.cloud.schedules.service import Writer
from tokkatot.cloud.schedules.service import create as create_schedule
from tokkatot.cloud.sync.desired import HubLimits
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId, RuleId, SessionId, UserId
from tokkatot.domain.people import RIGHTS, MemberRole
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.sim.farm import DEMO_FARM, DRIVER, PASSWORD, DemoAccount, DemoHouse
from tokkatot.sim.habits import RULES, SCHEDULES

HOST = "127.0.0.1"
_OWNER = next(account for account in DEMO_FARM.accounts if account.role is MemberRole.OWNER)
_NO_SESSION = SessionId(UUID(int=0))
"""The farm is laid out in the name of its owner, who has not logged in yet."""


async def seed_demo(settings: CloudSettings) -> tuple[Path, ...]:
    """Return the configurations of the demo's hubs, on a farm that is made at the first call.

    What people changed since stays as they want it; a hub whose files are lost is let in anew.
    """
    assert settings.database_url is not None, "the services run already"
    assert settings.mqtt_url is not None, "the services run already"
    clock = SystemClock()
    database = Database.open(settings.database_url, clock=clock, ids=IdSource(clock))
    try:
        async with database.transaction() as tx:
            owner = await _user(tx, _OWNER.login)
            # An owner without the farm deleted it; it does not come back by itself.
            access = await _make_farm(tx) if owner is None else await _find_farm(tx, owner)
            hubs = [] if access is None else await _hubs(tx, access, settings.data_dir)
    finally:
        await database.close()
    objects = Objects.open(settings.object_store_url, folder=settings.data_dir / "objects")
    photograph = _photograph(settings.demo_pictures)
    for hub in hubs:
        if hub.declared.camera:
            await _hang_camera(objects, hub.house_id, photograph)
    keys = SigningKeys.load(settings.data_dir / "keys")
    return tuple(hub.write_config(settings.mqtt_url, keys, photograph) for hub in hubs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hub:
    """A hub of the demo with the folder that is its home."""

    id: HubId
    farm_id: FarmId
    house_id: HouseId
    declared: DemoHouse
    folder: Path

    def write_config(self, mqtt_url: str, keys: SigningKeys, photograph: Path | None) -> Path:
        """Write `hub.toml` anew: the broker's address and a free port may be others than before.

        What a camera looks at must be a photograph: a drawing has nothing to be judged.
        """
        path = self.folder / "hub.toml"
        port = _free_port(_saved(path, "port", "web"))
        write_private(
            path,
            to_toml(
                {
                    "hub": {"id": str(self.id), "farm": str(self.farm_id)},
                    "cloud": {
                        "url": mqtt_url,
                        "login": str(self.id),
                        "password_file": "password",
                        "keys": {keys.order_kid: keys.order_public},
                    },
                    # The demo's people sit at this machine, so for them its loopback is the farm.
                    "web": {
                        "host": HOST,
                        "port": port,
                        "addresses": [f"http://{HOST}:{port}"],
                    },
                    "drivers": {
                        DRIVER: {
                            "kind": "simulated",
                            "house": self.declared.kind.value,
                            "seed": self.declared.seed,
                            "options": dict(self.declared.options),
                        }
                    },
                    "cameras": self._cameras(photograph),
                }
            ),
        )
        return path

    def _cameras(self, photograph: Path | None) -> JsonObject:
        if photograph is None or not self.declared.camera:
            return {}
        looks = {"house": str(self.house_id), "kind": "file", "path": str(photograph.absolute())}
        return {"droppings": looks}


async def _find_farm(tx: Transaction, owner: User) -> FarmAccess | None:
    """Return the demo's farm under whatever name it has now: the labels on its hardware stay."""
    first = DEMO_FARM.houses[0]
    label = first.hardware_id(first.devices[0])
    for farm_id in await farms_store.farm_ids_of(tx.session, owner.id):
        if await devices_store.hardware_taken(tx.session, farm_id, label):
            return _owned(FarmId(farm_id), owner)
    return None


async def _make_farm(tx: Transaction) -> FarmAccess:
    passwords = Passwords()
    try:
        # One hash for all: everybody may know this password.
        password_hash = await passwords.hash(PASSWORD)
        users = [await _make_user(tx, account, password_hash) for account in DEMO_FARM.accounts]
        owner = next(user for user, account in users if account.role is MemberRole.OWNER)
        farm = await create_farm(
            tx,
            NewFarm(
                name=DEMO_FARM.name,
                province=DEMO_FARM.province,
                location=DEMO_FARM.location,
                latitude=DEMO_FARM.latitude,
                longitude=DEMO_FARM.longitude,
                time_zone=DEMO_FARM.time_zone,
                description=DEMO_FARM.description,
            ),
            owner_id=UserId(owner.id),
        )
        access = _owned(FarmId(farm.id), owner)
        for user, account in users:
            if account.role is not None and user.home_farm_id is None:
                user.home_farm_id = farm.id
            if account.role not in {None, MemberRole.OWNER}:
                await invite(
                    tx,
                    access,
                    _person(account),
                    account.role,
                    passwords=passwords,
                    origin=NOWHERE,
                )
    finally:
        passwords.close()
    for declared in DEMO_FARM.houses:
        await _make_house(tx, access, declared)
    return access


async def _make_user(
    tx: Transaction, account: DemoAccount, password_hash: str
) -> tuple[User, DemoAccount]:
    found = await _user(tx, account.login)
    user = found or await create_user(
        tx,
        _person(account),
        password_hash=password_hash,
        contact_verified=True,
        is_staff=account.role is None,
    )
    return user, account


async def _make_house(tx: Transaction, access: FarmAccess, declared: DemoHouse) -> None:
    house = await create_house(
        tx,
        access,
        NewHouse(
            name=declared.name,
            kind=declared.kind,
            number=declared.number,
            capacity=declared.capacity,
            chicken_type=declared.chicken_type,
            crop_type=declared.crop_type,
            floor_area_m2=declared.floor_area_m2,
        ),
        origin=NOWHERE,
    )
    house_id = HouseId(house.id)
    await _settle(tx, access, house_id, declared)
    channels: dict[str, DeviceId] = {}
    for device in declared.devices:
        added = await add_device(
            tx,
            access.farm_id,
            NewDevice(
                house_id=house_id,
                hardware_id=declared.hardware_id(device),
                name=device.name,
                role=device.role,
                interface=device.interface,
                model="simulated",
                installed_on=tx.now.date(),
                quantities=device.quantities,
                period_s=device.period_s,
                address=dict(device.address),
            ),
            by=access.caller.user_id,
        )
        if device.channel is not None:
            channels[device.channel] = DeviceId(added.id)
    await _automate(tx, access, house_id, declared.kind, channels)
    if declared.policy is not None:
        await _deploy(tx, access, house_id, declared.policy)


async def _deploy(tx: Transaction, access: FarmAccess, house_id: HouseId, policy: str) -> None:
    """Give a house a shipped policy; what it may do there is for its people to say."""
    folder = SHIPPED / policy
    stored = await add_policy(tx, (folder / CARD).read_bytes(), (folder / MODEL).read_bytes())
    await deploy(tx, stored.sha256, [house_id], HubLimits(), by=access.caller.user_id)


async def _automate(
    tx: Transaction,
    access: FarmAccess,
    house_id: HouseId,
    kind: HouseKind,
    channels: Mapping[str, DeviceId],
) -> None:
    """Give a house the schedules and rules of its kind."""
    writer = Writer(access=access, origin=NOWHERE, documents=HubLimits())
    for name, does in SCHEDULES[kind](channels):
        await create_schedule(tx, writer, house_id, {"name": name, "does": _as_json(does)})
    rules = RULES[kind](channels, (RuleId(tx.new_id()) for _ in repeat(None)))
    await set_rules(tx, writer, house_id, [_as_json(rule) for rule in rules], edited=0)


def _as_json(written: Struct) -> JsonObject:
    found: JsonObject = msgspec.json.decode(msgspec.json.encode(written))
    return found


async def _settle(
    tx: Transaction, access: FarmAccess, house_id: HouseId, declared: DemoHouse
) -> None:
    """Let birds or plants move in."""
    if declared.crop_type is not None:
        crop = NewCrop(
            crop_type=declared.crop_type,
            planted_on=tx.now.date() - timedelta(days=declared.age_days),
            plant_count=declared.present_count,
            area_m2=declared.floor_area_m2,
            notes=None,
        )
        await plant_crop(tx, access, house_id, crop, origin=NOWHERE)
        return
    flock = await place_flock(
        tx,
        access,
        house_id,
        NewFlock(
            chicken_type=declared.chicken_type,
            placed_on=tx.now.date() - timedelta(days=declared.age_days),
            placed_count=declared.capacity,
            notes=None,
        ),
        origin=NOWHERE,
    )
    count = {"present_count": declared.present_count}
    await change_flock(tx, access, house_id, flock.id, count, origin=NOWHERE)


async def _hubs(tx: Transaction, access: FarmAccess, data_dir: Path) -> list[_Hub]:
    """Return the hub of every house of the demo that is still there."""
    by_number = {declared.number: declared for declared in DEMO_FARM.houses}
    return [
        await _hub(tx, access, house, by_number[house.number], data_dir)
        for house in await farms_store.houses_of(tx.session, access.farm_id)
        if house.number in by_number
    ]


async def _hub(
    tx: Transaction, access: FarmAccess, house: House, declared: DemoHouse, data_dir: Path
) -> _Hub:
    """Return a house's hub; one whose password is lost makes room for another."""
    folder = data_dir.absolute() / "hubs" / declared.name.lower().replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    row = await farms_store.hub_for_house(tx.session, access.farm_id, house.id)
    password_path = folder / "password"
    if (
        row is None
        or _saved(folder / "hub.toml", "id") != str(row.id)
        or not password_path.exists()
    ):
        by = access.caller.user_id
        if row is not None:
            await revoke_hub(tx, HubId(row.id), by=by)
        made = await provision_hub(
            tx, access.farm_id, HouseId(house.id), f"{declared.name} hub", by=by
        )
        row = made.hub
        # Before the commit: a password without a hub harms nothing, a hub without one is lost.
        write_private(password_path, made.password + "\n")
    return _Hub(
        id=HubId(row.id),
        farm_id=access.farm_id,
        house_id=HouseId(house.id),
        declared=declared,
        folder=folder,
    )


def _photograph(pictures: Path | None) -> Path | None:
    if pictures is None:
        return None
    return next(iter(sorted(pictures.glob("fullres_examples/healthy_*.jpg"))), None)


async def _hang_camera(objects: Objects, house_id: HouseId, photograph: Path | None) -> None:
    """Give the camera its picture, if it has none yet: a photograph, or else a drawing."""
    key = picture_key(house_id)
    if await objects.get(key) is not None:
        return
    if photograph is None:
        picture = (files("tokkatot.sim") / "camera.jpg").read_bytes()
    else:
        picture = photograph.read_bytes()
    await objects.put(key, picture)


async def _user(tx: Transaction, login: str) -> User | None:
    return await accounts_store.user_by_login(tx.session, normal_login(login))


def _person(account: DemoAccount) -> NewPerson:
    return NewPerson(name=account.name, phone=account.login, email=None, language=account.language)


def _owned(farm_id: FarmId, owner: User) -> FarmAccess:
    caller = Caller(
        user_id=UserId(owner.id), session_id=_NO_SESSION, name=owner.name, is_staff=False
    )
    return FarmAccess(
        farm_id=farm_id,
        caller=caller,
        role=MemberRole.OWNER.value,
        rights=RIGHTS[MemberRole.OWNER],
    )


def _saved(path: Path, key: str, table: str = "hub") -> object:
    """Return what an earlier start wrote into a `hub.toml`, None where there is nothing to read."""
    try:
        return tomllib.loads(path.read_text())[table][key]
    except (OSError, tomllib.TOMLDecodeError, KeyError):
        return None


def _free_port(before: object) -> int:
    """Return the port of the last start if it is free, else another."""
    for port in (before if isinstance(before, int) else 0, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free on the loopback interface")
