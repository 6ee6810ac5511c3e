"""Where phones on the farm's own network find the hub's page."""

import fcntl
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final
from urllib.parse import urlsplit

from tokkatot.domain.ids import HubId
from tokkatot.hub.config import WebSettings
from tokkatot.wire.messages import MAX_ADDRESSES
from tokkatot.wire.passes import lan_name

_SIOCGIFADDR: Final = 0x8915
"""Linux' way to ask a network interface for its address (netdevice(7))."""

_ANY: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared only


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A network that this machine is in."""

    index: int
    name: str
    address: IPv4Address


def page_addresses(settings: WebSettings | None, hub_id: HubId) -> tuple[str, ...]:
    """Return the page's addresses, those that need no name look-up first; none on loopback."""
    if settings is None:
        return ()
    if settings.addresses:
        return settings.addresses[:MAX_ADDRESSES]
    scheme = "http" if settings.secured is None else "https"
    hosts: list[str] = []
    if settings.host in _ANY:
        found = [str(one.address) for one in interfaces()]
        hosts = [*found[: MAX_ADDRESSES - 1], lan_name(hub_id)]
    elif not is_loopback(settings.host):
        hosts = [settings.host, lan_name(hub_id)]
    return tuple(f"{scheme}://{host}:{settings.port}" for host in hosts)


def page_names(settings: WebSettings, hub_id: HubId) -> frozenset[str]:
    """Return by which names, beside numbers, people may come to the page."""
    told = {urlsplit(address).hostname for address in settings.addresses}
    names = {"localhost", settings.host.lower(), lan_name(hub_id)}
    return frozenset(names | {name for name in told if name is not None})


def ways_to(settings: WebSettings) -> Sequence[Interface]:
    """Return the interfaces on which other machines reach the page."""
    return [one for one in interfaces() if settings.host in {*_ANY, str(one.address)}]


def interfaces() -> Sequence[Interface]:
    """Return this machine's interfaces with an IPv4 address that other machines can reach."""
    found: list[Interface] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for index, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(asking.fileno(), _SIOCGIFADDR, request)
            except OSError:
                continue  # it has none
            address = IPv4Address(answer[20:24])
            if not address.is_loopback and not address.is_link_local:
                found.append(Interface(index=index, name=name, address=address))
    return found


def is_loopback(host: str) -> bool:
    """Tell whether only this machine itself reaches a page there."""
    return host in {"localhost", "::1"} or host.startswith("127.")
