import subprocess
import sys

import pytest
from typer.testing import CliRunner

from tokkatot.cli.main import COMMANDS, build


def test_the_help_names_every_command() -> None:
    answer = CliRunner().invoke(build(["--help"]), ["--help"])

    assert answer.exit_code == 0
    assert [name for name in COMMANDS if name not in answer.output] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    answer = CliRunner().invoke(build([name, "--help"]), [name, "--help"])

    assert answer.exit_code == 0
    assert "--help" in answer.output


def test_a_command_that_does_not_exist_is_refused() -> None:
    answer = CliRunner().invoke(build(["fly"]), ["fly"])

    assert answer.exit_code == 2


def test_the_help_of_the_program_imports_no_server() -> None:
    code = (
        "import sys; from tokkatot.cli.main import build; build(['--help']);"
        "print([m for m in ('fastapi', 'sqlalchemy', 'asyncio') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
