"""The farm's own broker where it can't be had: one line tells a person what to do."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from secrets import token_bytes

import pytest

from tests.support.engine import FARM
from tests.support.proc import descendants
from tests.support.processes import free_port
from tokkatot.hub.config import EmbeddedBroker
from tokkatot.hub.node_broker import SEARCH_PATH, NodeBroker
from tokkatot.hub.supervisor import ServiceUnable


def broker(folder: Path, port: int, *, search_path: str = SEARCH_PATH) -> NodeBroker:
    return NodeBroker(
        EmbeddedBroker(host="127.0.0.1", port=port, logins=()),
        farm_id=FARM,
        folder=folder / "nodes",
        random_bytes=token_bytes,
        search_path=search_path,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


async def test_without_mosquitto_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnable) as refused:
        await broker(tmp_path, free_port(), search_path=str(tmp_path)).run()
    assert "apt install mosquitto" in refused.value.reason
    assert "\n" not in refused.value.reason


@pytest.mark.needs("mosquitto")
async def test_a_port_that_is_taken_is_named(tmp_path: Path, taken_port: int) -> None:
    with pytest.raises(ServiceUnable) as refused:
        await broker(tmp_path, taken_port).run()
    assert f"port {taken_port} of 127.0.0.1" in refused.value.reason
    assert "[nodes] port" in refused.value.reason


@pytest.mark.needs("mosquitto")
async def test_a_disk_without_room_for_its_number_leaves_no_broker_running(tmp_path: Path) -> None:
    # A folder in the place of the file stands for a full disk.
    (tmp_path / "nodes" / "mosquitto.pid").mkdir(parents=True)
    with pytest.raises(OSError, match=r"mosquitto\.pid"):
        await broker(tmp_path, free_port()).run()
    assert [child for child in descendants(os.getpid()) if str(tmp_path) in child.command] == []
