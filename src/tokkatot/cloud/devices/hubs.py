"""Decides about hubs: their logins at the broker, their first configuration, their end."""

import secrets
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from tokkatot.cloud.devices import store
from tokkatot.cloud.devices.model import UnknownDevice
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.hubs import touch_hub, touch_hubs
from tokkatot.cloud.farms.model import Hub
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.keys import SigningKeys
from tokkatot.cloud.platform.logins import BrokerLogin, hash_password
from tokkatot.cloud.platform.problems import Conflict, NotFound
from tokkatot.domain.alerts import Severity
from tokkatot.domain.ids import FarmId, HouseId, HubId, UserId
from tokkatot.wire.topics import FROM_HUB, TO_HUB, HubLeaf, HubTopic

LOGINS_CHANNEL = "tokkatot_logins"
"""Says that the broker's logins are no longer those in the database."""

_LOCAL_ONLY = (
    "Only a hub on the cloud's own machine gets through to this address. For a hub elsewhere run a"
    " broker that it reaches, and name it in TOKKATOT_MQTT_URL or TOKKATOT_MQTT_PUBLIC_URL."
)

MAX_HUBS = 250
"""Of one farm."""

MAX_UNKNOWN = 1000
"""Listed of one hub; what a broken node makes up beyond that is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedHub:
    """A new hub with its password, which is shown this once."""

    hub: Hub
    password: str


async def provision_hub(
    tx: Transaction,
    farm_id: FarmId,
    house_id: HouseId | None,
    name: str,
    *,
    by: UserId | None,
) -> ProvisionedHub:
    """Let a new hub in; it drives the devices of its place that no other hub drives.

    Raises:
        NotFound: when there is no such farm or house.
        Conflict: when the farm has too many hubs.
    """
    if await farms_store.farm_by_id(tx.session, farm_id) is None:
        raise NotFound("farm")
    if house_id is not None:
        house = await farms_store.house_by_id(tx.session, farm_id, house_id)
        if house is None:
            raise NotFound("house")
    if len(await store.hubs_of(tx.session, farm_id)) >= MAX_HUBS:
        raise Conflict("conflict", f"A farm has at most {MAX_HUBS} hubs.")
    password = secrets.token_urlsafe(24)
    hub = Hub(
        id=tx.new_id(),
        farm_id=farm_id,
        house_id=house_id,
        name=name,
        password_hash=hash_password(password),
        desired_version=1,
        desired_at=tx.now,
        held_version=None,
        software=None,
        addresses=[],
        last_seen_at=None,
        created_at=tx.now,
        revoked_at=None,
    )
    # Whoever served the house until now leaves its schedules to this one.
    await touch_hubs(tx, farm_id, house_id)
    tx.session.add(hub)
    await tx.session.flush()
    await store.adopt_devices(tx.session, hub)
    _changed(tx, hub, "hub.provisioned", by)
    return ProvisionedHub(hub=hub, password=password)


async def revoke_hub(tx: Transaction, hub_id: HubId, *, by: UserId | None) -> None:
    """Shut a hub out for ever; its devices wait for another.

    Raises:
        NotFound: when there is no such hub.
    """
    hub = await store.hub_by_id(tx.session, hub_id)
    if hub is None:
        raise NotFound("hub")
    hub.revoked_at = tx.now
    await store.release_devices(tx.session, hub_id)
    await touch_hubs(
        tx, FarmId(hub.farm_id), None if hub.house_id is None else HouseId(hub.house_id)
    )
    _changed(tx, hub, "hub.revoked", by)


async def broker_logins(tx: Transaction) -> list[BrokerLogin]:
    """Return every hub's login at the broker, each for its own subtree only."""
    return [_login(hub) for hub in await store.all_hubs(tx.session)]


async def note_unknown_device(
    tx: Transaction,
    farm_id: FarmId,
    hub_id: HubId,
    *,
    hardware_id: str,
    driver: str,
    detail: str,
) -> None:
    """List a device that a hub heard and nobody registered; beyond the limit it is dropped."""
    if (
        not await store.is_listed(tx.session, hub_id, hardware_id)
        and await store.unknown_count(tx.session, hub_id) >= MAX_UNKNOWN
    ):
        return
    await store.note_unknown(
        tx.session,
        UnknownDevice(
            hub_id=hub_id,
            hardware_id=hardware_id,
            farm_id=farm_id,
            driver=driver,
            detail=detail,
            first_heard_at=tx.now,
            last_heard_at=tx.now,
            times_heard=1,
        ),
    )


async def hub_serving(
    tx: Transaction, farm_id: FarmId, house_id: HouseId, wanted: UUID | None
) -> Hub | None:
    """Return the hub that is to drive a device in a house: the one named, else the nearest.

    Raises:
        NotFound: when the one named is not there or serves another house.
    """
    if wanted is None:
        return await farms_store.hub_for_house(tx.session, farm_id, house_id)
    hub = await store.hub_by_id(tx.session, wanted)
    if hub is None or hub.farm_id != farm_id or hub.house_id not in {None, house_id}:
        raise NotFound("hub")
    return hub


async def touch_hub_of(tx: Transaction, hub_id: UUID | None) -> None:
    """Raise the version of the hub of a device, if it has one."""
    if hub_id is not None:
        await touch_hub(tx, HubId(hub_id))


def reach_note(broker_url: str) -> str | None:
    """Return what staff must see to where the broker's address leads nowhere from a farm."""
    host = urlsplit(broker_url).hostname or ""
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    return _LOCAL_ONLY if local else None


def hub_toml(hub: Hub, *, password: str, broker_url: str, keys: SigningKeys) -> str:
    """Return the configuration with which a new hub starts; drivers are added on the farm."""
    note = reach_note(broker_url)
    comment = "" if note is None else f"# {note}\n"
    return (
        "[hub]\n"
        f'id = "{hub.id}"\n'
        f'farm = "{hub.farm_id}"\n'
        'data_dir = "data"\n'
        "\n"
        "[cloud]\n"
        f"{comment}"
        f'url = "{broker_url}"\n'
        f'login = "{hub.id}"\n'
        f'password = "{password}"\n'
        "\n"
        "[cloud.keys]\n"
        f'{keys.order_kid} = "{keys.order_public}"\n'
    )


def _login(hub: Hub) -> BrokerLogin:
    def topic(leaf: HubLeaf) -> str:
        return str(HubTopic(farm_id=FarmId(hub.farm_id), hub_id=HubId(hub.id), leaf=leaf))

    return BrokerLogin(
        name=str(hub.id),
        password_hash=hub.password_hash,
        acl_lines=(
            *(f"write {topic(leaf)}" for leaf in sorted(FROM_HUB)),
            *(f"read {topic(leaf)}" for leaf in sorted(TO_HUB)),
        ),
    )


def _changed(tx: Transaction, hub: Hub, kind: str, by: UserId | None) -> None:
    farm_id = FarmId(hub.farm_id)
    audit.record(
        tx,
        kind,
        farm_id=farm_id,
        house_id=hub.house_id,
        user_id=by,
        severity=Severity.WARNING,
        data={"hub": str(hub.id), "name": hub.name},
    )
    farm_changed(tx, farm_id, "hub", hub.id)
    tx.notify(LOGINS_CHANNEL, "")
