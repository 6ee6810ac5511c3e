"""How many readings a second Home Assistant's recorder stores, from the same kind of broker."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter, sleep

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benches.support.rivals import HOME_ASSISTANT_FOLDER, MQTT_ENTRY
from benches.support.servers import Missing, mosquitto, running
from tests.support.processes import free_port

AS_IT_COMES = "home_assistant_readings_per_s"
SYNCED = "home_assistant_synced_readings_per_s"
FIGURES = (AS_IT_COMES, SYNCED)

SENSORS = 50
MESSAGES = {AS_IT_COMES: 60_000, SYNCED: 12_000}
"""More than it takes at once, and less than the 65,000 waiting ones at which it gives up."""
OPTIONS: Mapping[str, Mapping[str, int]] = {AS_IT_COMES: {}, SYNCED: {"commit_interval": 0}}
"""As it comes it writes every 5 s, and a power cut takes what is younger; else it syncs each."""
PACE = 20_000
STARTED_WITHIN_S = 180.0
SETTLED_S = 30.0
"""The recorder writes every few seconds: what has not grown for so long is all there is."""
WITHIN_S = 300.0


def measure(
    folder: Path, figures: Sequence[str], say: Callable[[str], None]
) -> Iterator[tuple[str, float]]:
    """Publish faster than it records, and see how fast its table grows."""
    for figure in figures:
        yield figure, _measure(folder / figure, figure, say)


def _measure(folder: Path, figure: str, say: Callable[[str], None]) -> float:
    root = os.environ.get(HOME_ASSISTANT_FOLDER)  # noqa: TID251 - where a rival lies
    program = None if root is None else shutil.which("hass", path=Path(root) / "bin")
    if program is None:
        raise Missing(
            "Home Assistant: `pip install homeassistant` with what its MQTT integration asks for, "
            f"in a virtual environment that {HOME_ASSISTANT_FOLDER} names"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with mosquitto(folder) as port:
        _configure(folder, port, OPTIONS[figure])
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", port)
        client.loop_start()
        with running((program, "--config", str(folder)), log_path=folder / "log"):
            _wait_until_recording(client, folder)
            messages = MESSAGES[figure]
            say(f"{SENSORS} sensors say {messages} readings")
            before = _stored(folder)
            began_s = perf_counter()
            for number in range(messages):
                client.publish(_topic(number % SENSORS), str(20 + number // SENSORS / 10))
                sleep(max(number / PACE - (perf_counter() - began_s), 0))
            stored, took_s = _until_settled(folder, before, began_s)
        client.loop_stop()
    say(f"{stored} of {messages} readings are in its table after {took_s:.1f} s")
    return stored / took_s


def _configure(folder: Path, port: int, options: Mapping[str, int]) -> None:
    sensors = [{"name": f"bench {n}", "state_topic": _topic(n)} for n in range(SENSORS)]
    configuration = {
        "http": {"server_host": "127.0.0.1", "server_port": free_port()},
        "recorder": options,
        "mqtt": {"sensor": sensors},
    }
    # JSON is YAML, and spares us a library.
    (folder / "configuration.yaml").write_text(json.dumps(configuration))
    storage = folder / ".storage"
    storage.mkdir()
    entry = json.loads(json.dumps(MQTT_ENTRY))
    entry["data"]["entries"][0]["data"]["port"] = port
    (storage / "core.config_entries").write_text(json.dumps(entry))


def _wait_until_recording(client: paho.Client, folder: Path) -> None:
    end_s = perf_counter() + STARTED_WITHIN_S
    while _stored(folder) < SENSORS:
        if perf_counter() > end_s:
            raise RuntimeError(f"it records nothing:\n{(folder / 'log').read_text()[-2000:]}")
        for number in range(SENSORS):
            client.publish(_topic(number), str(perf_counter()))
        sleep(1)


def _until_settled(folder: Path, before: int, began_s: float) -> tuple[int, float]:
    """Return how many rows have come, and the seconds until the last of them."""
    stored, grew_s = 0, perf_counter()
    while perf_counter() - grew_s < SETTLED_S and perf_counter() - began_s < WITHIN_S:
        found = _stored(folder) - before
        if found > stored:
            stored, grew_s = found, perf_counter()
        sleep(0.1)
    return stored, grew_s - began_s


def _stored(folder: Path) -> int:
    path = folder / "home-assistant_v2.db"
    if not path.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5) as database:
            row = database.execute(
                "SELECT count(*) FROM states s JOIN states_meta m USING (metadata_id)"
                " WHERE m.entity_id LIKE 'sensor.bench%'"
                " AND s.state NOT IN ('unknown', 'unavailable')"
            ).fetchone()
    except sqlite3.OperationalError:  # Its tables are not there yet.
        return 0
    return int(row[0])


def _topic(number: int) -> str:
    return f"bench/{number}"
