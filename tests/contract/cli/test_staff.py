"""What staff do at the keyboard."""

import json
import re
import socket
import tomllib
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from tests.support import policies
from tests.support.autopilot import wanting
from tokkatot.cli.staff import app

FARM, HOUSE = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
Staff = Callable[..., Result]


@pytest.fixture
def staff(postgres_url: str, tmp_path: Path) -> Staff:
    environment = {"TOKKATOT_DATABASE_URL": postgres_url, "TOKKATOT_DATA_DIR": str(tmp_path)}
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "INSERT INTO farms (id, name, time_zone, change_seq, created_at)"
            " VALUES (%s, 'Kandal', 'Asia/Phnom_Penh', 0, now())",
            (FARM,),
        )
        connection.execute(
            "INSERT INTO houses (id, farm_id, number, name, kind, temperature_min_c,"
            " temperature_max_c, temperature_hard_max_c, water_low_percent, water_full_percent,"
            " created_at) VALUES (%s, %s, 1, 'C', 'coop', 22, 30, 35, 20, 90, now())",
            (HOUSE, FARM),
        )
        connection.execute(
            "INSERT INTO zones (id, house_id, name, created_at) VALUES (%s, %s, 'main', now())",
            (HOUSE, HOUSE),
        )
    return lambda *words: CliRunner().invoke(app, words, env=environment)


def test_a_key_is_printed_alone(staff: Staff) -> None:
    result = staff("registration-key", "Kandal", "--phone", "012345678")
    assert re.fullmatch(r"[A-Z]{5}(-[A-Z]{5}){4}\n", result.stdout)


def test_staff_come_in_by_a_code(staff: Staff) -> None:
    made = staff("create-staff", "Neath", "--phone", "011000001")
    again = staff("reset-code", "011000001")
    assert re.fullmatch(r"\d{8}\n", made.stdout)
    assert re.fullmatch(r"\d{8}\n", again.stdout)


def test_a_hub_s_configuration_is_printed_as_it_is(staff: Staff, tmp_path: Path) -> None:
    result = staff(
        "provision-hub", "--farm", FARM, "--house", HOUSE, "--broker-url", "mqtt://cloud:1883"
    )
    toml = tomllib.loads(result.stdout)
    assert toml["cloud"]["url"] == "mqtt://cloud:1883"
    assert len(toml["cloud"]["keys"]) == 1
    assert staff("revoke-hub", toml["hub"]["id"]).exit_code == 0


def test_farms_and_houses_are_listed_with_their_ids(staff: Staff) -> None:
    assert staff("farms").stdout.splitlines() == [
        f"{FARM}\tKandal",
        f"{HOUSE}\tKandal\t1\tC",
    ]


def test_a_hub_beside_the_cloud_uses_the_broker_that_the_cloud_runs(
    staff: Staff, tmp_path: Path
) -> None:
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "port").write_text("18830\n")
    toml = tomllib.loads(staff("provision-hub", "--farm", FARM).stdout)
    assert toml["cloud"]["url"] == "mqtt://127.0.0.1:18830"


def test_a_hub_elsewhere_is_told_of_by_the_broker_s_public_address(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = staff("provision-hub", "--farm", FARM, "--broker-url", "mqtt://127.0.0.1:1883")
    assert "Only a hub on the cloud's own machine" in local.stderr
    assert "Only a hub on the cloud's own machine" in local.stdout
    monkeypatch.setenv("TOKKATOT_MQTT_PUBLIC_URL", "mqtts://broker.example:8883")
    public = staff("provision-hub", "--farm", FARM)
    assert tomllib.loads(public.stdout)["cloud"]["url"] == "mqtts://broker.example:8883"
    assert public.stderr == ""


def test_a_broker_s_address_that_can_t_be_one_is_refused(staff: Staff) -> None:
    result = staff("provision-hub", "--farm", FARM, "--broker-url", 'mqtt:"//')
    assert result.exit_code == 2
    assert "mqtt://HOST:PORT" in result.stderr


def test_the_mail_server_is_tried(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    none = staff("test-mail", "you@example.com")
    assert (none.exit_code, none.stderr) == (1, "No mail server is set: set TOKKATOT_SMTP_URL.\n")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        monkeypatch.setenv("TOKKATOT_SMTP_URL", f"smtp://127.0.0.1:{port}")
        monkeypatch.setenv("TOKKATOT_MAIL_FROM", "mail@example.com")
        away = staff("test-mail", "you@example.com")
    assert away.exit_code == 1
    assert away.stderr.startswith("The server has not taken the mail: SMTPConnectError")


def test_a_hub_is_not_let_in_without_an_address_to_go_to(staff: Staff) -> None:
    assert staff("provision-hub", "--farm", FARM).exit_code == 2


def test_a_device_is_registered(staff: Staff, postgres_url: str) -> None:
    words = "add-device --hardware-id esp-1 --name Pump --role water_pump --interface relay"
    result = staff(
        *(*words.split(), "--farm", FARM, "--house", HOUSE, "--driver", "nodes"),
        *("--address", "pin=4", "--period", "120"),
    )
    assert result.exit_code == 0, result.stderr
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT id::text, address::text, period_s FROM devices").fetchone()
    assert row is not None
    assert row[0] == result.stdout.strip()
    assert json.loads(row[1]) == {"driver": "nodes", "pin": 4}
    assert row[2] == 120.0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("reset-code", "012999999"), "There is no such user.\n"),
        (("create-staff", "Nobody"), "A phone number or an e-mail is needed.\n"),
        (("revoke-hub", FARM), "There is no such hub.\n"),
    ],
)
def test_what_can_t_be_done_is_said_without_a_traceback(
    staff: Staff, words: tuple[str, ...], line: str
) -> None:
    result = staff(*words)
    assert result.exit_code == 1
    assert result.stderr.startswith(line)


def test_a_folder_without_a_database_is_said_to_be_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ("unknown-devices",), env={"TOKKATOT_DATA_DIR": str(tmp_path)})
    assert result.exit_code == 1
    assert "start `tokkatot up`" in result.stderr


def test_a_policy_is_taken_in_and_what_is_none_is_refused(staff: Staff, tmp_path: Path) -> None:
    model = wanting(1.0).model
    folder = policies.write(tmp_path / "policy", model, policies.card(model))
    taken, again = staff("add-policy", str(folder)), staff("add-policy", str(folder))
    assert taken.stdout == again.stdout == f"{wanting(1.0).sha256}\n"
    (folder / "card.json").write_text("{}")
    refused = staff("add-policy", str(folder))
    assert (refused.exit_code, "card.json" in refused.stderr) == (1, True)
