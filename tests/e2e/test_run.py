"""`tokkatot up` starts, ends and starts again without leaving anything behind."""

import json
import os
import socket
from contextlib import suppress
from pathlib import Path

import httpx

from tests.support.people import Person, eventually
from tests.support.proc import Seen, descendants
from tests.support.processes import free_port
from tests.support.stack import Stack, until
from tokkatot.sim.farm import ACCOUNTS, PASSWORD


async def test_it_tells_where_it_is_who_may_log_in_and_how_to_stop(stack: Stack) -> None:
    for text in (stack.url, PASSWORD, "Ctrl-C", *(account.login for account in ACCOUNTS)):
        assert text in stack.output


def test_ctrl_c_ends_every_child_and_a_new_start_keeps_all_data(tmp_path: Path) -> None:
    stack = Stack.start(tmp_path)
    children = until("the hubs run", lambda: _with_three_hubs(stack))
    url, owner = stack.url, ACCOUNTS[0]
    body = {"login": owner.login, "password": PASSWORD}
    token = httpx.post(f"{url}/v1/auth/login", json=body, timeout=60).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    answer = httpx.patch(f"{url}/v1/users/me", json={"name": "Kept"}, headers=bearer, timeout=60)
    assert answer.status_code == httpx.codes.OK, answer.text

    assert stack.interrupt() == 0
    assert [child.command for child in children if child.runs] == []

    with Stack.start(tmp_path, http_port=free_port()) as again:
        me = httpx.get(f"{again.url}/v1/users/me", headers=bearer, timeout=60)
        assert me.json()["name"] == "Kept"


def test_a_killed_parent_leaves_no_process_and_the_next_start_works(tmp_path: Path) -> None:
    stack = Stack.start(tmp_path)
    children = until("the hubs run", lambda: _with_three_hubs(stack))
    stack.kill()
    with Stack.start(tmp_path, http_port=free_port()) as again:
        until("what was left has ended", lambda: not any(child.runs for child in children))
        assert again.returncode is None


def test_a_second_instance_on_the_folder_gets_one_clear_line(stack: Stack, tmp_path: Path) -> None:
    second = Stack(tmp_path, http_port=free_port(), data_dir=str(stack.data_dir))
    assert second.wait() != 0
    assert len(second.output.strip().splitlines()) == 1
    assert str(stack.data_dir) in second.output
    assert stack.returncode is None


def test_a_port_in_use_gets_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stack = Stack(tmp_path, http_port=port)
        assert stack.wait() != 0
    assert len(stack.output.strip().splitlines()) == 1
    assert str(port) in stack.output
    assert descendants(stack.pid) == []


def test_a_folder_that_cannot_be_written_gets_one_clear_line(tmp_path: Path) -> None:
    # Not even root can make a folder below a file.
    (tmp_path / "file").write_text("")
    stack = Stack(tmp_path, http_port=free_port(), data_dir=str(tmp_path / "file" / "data"))
    assert stack.wait() != 0
    assert len(stack.output.strip().splitlines()) == 1
    assert "TOKKATOT_DATA_DIR" in stack.output


def test_secrets_in_the_data_folder_are_closed_to_others(stack: Stack) -> None:
    modes: dict[Path, int] = {}
    for folder, _, names in os.walk(stack.data_dir):
        for path in (Path(folder, name) for name in names):
            if path.suffix in {".key", ".toml"} or "password" in path.name:
                with suppress(FileNotFoundError):  # a draft, which is renamed meanwhile
                    modes[path] = path.stat().st_mode
    assert len(modes) >= 5
    assert [path for path, mode in modes.items() if mode & 0o077] == []


async def test_a_dead_hub_is_started_again(stack: Stack, manager: Person) -> None:
    house = await manager.house("Greenhouse 1")
    await house.reporting()
    hub = stack.hub_pid((await house.state())["hub"]["id"])
    os.kill(hub, 9)

    async def another() -> int | None:
        found = stack.hub_pid((await house.state())["hub"]["id"])
        return found if found != hub else None

    assert await eventually("another hub process runs", another) != hub
    await house.reporting()


def _with_three_hubs(stack: Stack) -> list[Seen] | None:
    children = stack.descendants()
    hubs = [child for child in children if "hub.toml" in child.command]
    return children if len(hubs) >= 3 else None


def test_the_settings_that_are_wrong_are_named(tmp_path: Path) -> None:
    stack = Stack(tmp_path, http_port=0)
    assert stack.wait() != 0
    assert "TOKKATOT_HTTP_PORT" in stack.output
    assert json.dumps("Traceback") not in stack.output
    assert "Traceback" not in stack.output
