"""Other programs that switch a lamp by a sensor over MQTT, set up as their handbooks say.

They are asked for no acknowledgements (QoS 0): with them, Node-RED waits 40 ms for each.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benches.support.lone_farm import HOST, topic
from benches.support.servers import Missing, running
from tests.support.processes import free_port

NODE_RED_FOLDER = "TOKKATOT_BENCH_NODE_RED"
HOME_ASSISTANT_FOLDER = "TOKKATOT_BENCH_HOME_ASSISTANT"

_NODE_RED_RULE = """
const level = msg.payload.values.illuminance > {threshold} ? "on" : "off"
if (context.get("level") === level) return null
context.set("level", level)
return {{ payload: {{ v: 1, id: msg._msgid, set: level, lease_s: 30 }} }}
"""

MQTT_ENTRY = {
    "version": 1,
    "minor_version": 1,
    "key": "core.config_entries",
    "data": {
        "entries": [
            {
                "entry_id": "bench",
                "version": 1,
                "domain": "mqtt",
                "title": "broker",
                "data": {"broker": HOST, "port": 0, "discovery": False},
                "options": {},
                "pref_disable_new_entities": False,
                "pref_disable_polling": False,
                "source": "user",
                "unique_id": None,
                "disabled_by": None,
            }
        ]
    },
}


@contextmanager
def node_red(folder: Path, port: int, sensor: str, lamp: str, threshold: float) -> Iterator[None]:
    """Run Node-RED with one flow: MQTT in, a function, MQTT out.

    Raises:
        Missing: where it is not installed.
    """
    root = _folder(NODE_RED_FOLDER)
    program = shutil.which("node-red", path=None if root is None else root / "node_modules/.bin")
    if program is None:
        raise Missing(f"Node-RED: `npm install node-red` in a folder that {NODE_RED_FOLDER} names")
    flow: list[dict[str, Any]] = [
        {"id": "tab", "type": "tab", "label": "bench"},
        {"id": "broker", "type": "mqtt-broker", "broker": HOST, "port": str(port)},
        {
            "id": "in",
            "type": "mqtt in",
            "z": "tab",
            "topic": topic(sensor, "sensor"),
            "qos": "0",
            "datatype": "json",
            "broker": "broker",
            "wires": [["rule"]],
        },
        {
            "id": "rule",
            "type": "function",
            "z": "tab",
            "func": _NODE_RED_RULE.format(threshold=threshold),
            "outputs": 1,
            "wires": [["out"]],
        },
        {
            "id": "out",
            "type": "mqtt out",
            "z": "tab",
            "topic": topic(lamp, "command"),
            "qos": "0",
            "broker": "broker",
            "wires": [],
        },
    ]
    (folder / "flows.json").write_text(json.dumps(flow))
    command = (program, "--userDir", str(folder), "--port", str(free_port()), "flows.json")
    with running(command, log_path=folder / "log"):
        yield


@contextmanager
def home_assistant(
    folder: Path, port: int, sensor: str, lamp: str, threshold: float
) -> Iterator[None]:
    """Run Home Assistant with one sensor and one automation for each side of the threshold.

    Raises:
        Missing: where it is not installed.
    """
    root = _folder(HOME_ASSISTANT_FOLDER)
    program = None if root is None else shutil.which("hass", path=root / "bin")
    if program is None:
        raise Missing(
            "Home Assistant: `pip install homeassistant` with what its MQTT integration asks for, "
            f"in a virtual environment that {HOME_ASSISTANT_FOLDER} names"
        )
    automations = [
        {
            "alias": level,
            "trigger": {"platform": "numeric_state", "entity_id": "sensor.light", side: threshold},
            "action": {
                "service": "mqtt.publish",
                "data": {
                    "topic": topic(lamp, "command"),
                    "payload": json.dumps({"v": 1, "id": level, "set": level, "lease_s": 30}),
                },
            },
        }
        for level, side in (("on", "above"), ("off", "below"))
    ]
    light = {
        "name": "light",
        "state_topic": topic(sensor, "sensor"),
        "value_template": "{{ value_json['values'].illuminance }}",
    }
    configuration = {
        "http": {"server_host": HOST, "server_port": free_port()},
        "mqtt": {"sensor": [light]},
        "automation": automations,
    }
    # JSON is YAML, and spares us a library.
    (folder / "configuration.yaml").write_text(json.dumps(configuration))
    storage = folder / ".storage"
    storage.mkdir()
    entry = json.loads(json.dumps(MQTT_ENTRY))
    entry["data"]["entries"][0]["data"]["port"] = port
    (storage / "core.config_entries").write_text(json.dumps(entry))
    command = (program, "--config", str(folder), "--log-no-color")
    with running(command, log_path=folder / "log"):
        yield


def _folder(variable: str) -> Path | None:
    named = os.environ.get(variable)  # noqa: TID251 - where a rival lies is no setting of ours
    return None if named is None else Path(named)
