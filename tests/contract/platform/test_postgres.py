import os
import signal
from pathlib import Path

import psycopg
import pytest

from tokkatot.cloud.platform.postgres import EmbeddedPostgres
from tokkatot.cloud.platform.process import start_mark

FAST = ("fsync=off",)


def server(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log", options=FAST)


async def remember(url: str, word: str) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        await connection.execute("INSERT INTO words VALUES (%s)", (word,))


async def remembered(url: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await (await connection.execute("SELECT word FROM words")).fetchall()
        return [row[0] for row in rows]


async def test_what_was_stored_is_there_at_the_next_start(tmp_path: Path) -> None:
    first = server(tmp_path)
    await remember(await first.start(), "kept")
    await first.stop()

    second = server(tmp_path)
    words = await remembered(await second.start())
    await second.stop()

    assert words == ["kept"]


async def test_a_stopped_server_leaves_no_process_and_no_pid_file(tmp_path: Path) -> None:
    running = server(tmp_path)
    await running.start()
    pid = running.pid
    assert pid is not None

    await running.stop()

    assert start_mark(pid) is None
    assert not list(tmp_path.rglob("*.pid"))


async def test_a_killed_server_recovers_at_the_next_start(tmp_path: Path) -> None:
    first = server(tmp_path)
    await remember(await first.start(), "kept")
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    await first.wait()

    second = server(tmp_path)
    words = await remembered(await second.start())
    await second.stop()

    assert words == ["kept"]


async def test_a_server_that_was_left_behind_is_ended_and_replaced(tmp_path: Path) -> None:
    left = server(tmp_path)
    await remember(await left.start(), "kept")
    left_pid = left.pid
    assert left_pid is not None

    fresh = server(tmp_path)
    words = await remembered(await fresh.start())
    ended = start_mark(left_pid) is None
    await fresh.stop()

    assert ended
    assert words == ["kept"]


async def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(tmp_path: Path) -> None:
    first = server(tmp_path)
    await first.start()
    await first.stop()
    pid_file = tmp_path / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n/nowhere\n1\n5432\n\n\n\nready\n")

    second = server(tmp_path)
    await second.start()
    await second.stop()

    assert start_mark(os.getpid()) is not None


async def test_a_folder_with_a_long_name_still_gets_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 15) / ("name" * 15)
    running = server(deep)

    await remember(await running.start(), "reached")
    words = await remembered(running.url())
    await running.stop()

    assert words == ["reached"]


async def test_nobody_else_may_enter_the_folder_the_socket_or_the_password(tmp_path: Path) -> None:
    running = server(tmp_path)
    await running.start()
    folder = tmp_path / "postgres"
    modes = {name: (folder / name).stat().st_mode & 0o777 for name in ("data", "socket")}
    modes["password"] = (folder / "password").stat().st_mode & 0o777
    await running.stop()

    assert modes == {"data": 0o700, "socket": 0o700, "password": 0o600}


async def test_nobody_gets_in_without_the_password(tmp_path: Path) -> None:
    running = server(tmp_path)
    url = await running.start()
    password = (tmp_path / "postgres" / "password").read_text().strip()

    with pytest.raises(psycopg.OperationalError, match="password"):
        await psycopg.AsyncConnection.connect(url.replace(password, "wrong"))
    await running.stop()


async def test_an_interrupted_first_start_is_made_good(tmp_path: Path) -> None:
    half_made = tmp_path / "postgres" / "new-abandoned"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")

    running = server(tmp_path)
    await remember(await running.start(), "kept")
    words = await remembered(running.url())
    await running.stop()

    assert words == ["kept"]
    assert not half_made.exists()
