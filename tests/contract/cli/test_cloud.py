"""What `tokkatot cloud` refuses at its start, in one line that a person can act on."""

import asyncio
import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tokkatot.cli.main import build
from tokkatot.cli.running import refusals
from tokkatot.cli.up import _answers_ready
from tokkatot.cloud.platform.keys import KeyRefused, SigningKeys
from tokkatot.cloud.platform.process import ChildFailed
from tokkatot.webapp.listening import listen_on


def refused(folder: Path, port: int) -> str:
    environment = {
        "TOKKATOT_DATA_DIR": str(folder),
        "TOKKATOT_HTTP_HOST": "127.0.0.1",
        "TOKKATOT_HTTP_PORT": str(port),
    }
    words = ["cloud", "--role", "api"]
    answer = CliRunner().invoke(build(words), words, env=environment)
    assert answer.exit_code == 2
    assert len(answer.stderr.splitlines()) == 1
    return answer.stderr


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port}" in refused(tmp_path, port)


def test_a_key_that_others_may_read(tmp_path: Path) -> None:
    SigningKeys.load(tmp_path / "keys")
    (tmp_path / "keys" / "order.key").chmod(0o644)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "make it 0600" in refused(tmp_path, port)


@pytest.mark.parametrize(("failure", "status"), [(KeyRefused("k"), 2), (ChildFailed("c"), 1)])
def test_what_fails_beside_others_is_told_alike(
    failure: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, refusals():
        raise ExceptionGroup("tasks", [ExceptionGroup("inner", [failure])])
    assert ended.value.exit_code == status
    assert capsys.readouterr().err == f"{failure}\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "::1", "::"])  # noqa: S104 - it is what is tested
async def test_a_cloud_that_listens_everywhere_is_asked_whether_it_is_ready(host: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
        writer.close()

    with listen_on(host, 0) as listening:
        async with await asyncio.start_server(answer, sock=listening):
            assert await _answers_ready(host, listening.getsockname()[1])
