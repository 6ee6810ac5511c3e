"""hub.toml: what is taken, and what is refused in words that a person can act on."""

from base64 import b64encode
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tokkatot.hub.assembly import DriverRefused, Surroundings, build_drivers
from tokkatot.hub.config import (
    BrokerAddress,
    ConfigRefused,
    EmbeddedBroker,
    HubConfig,
    NodeLogin,
    Secured,
    WebSettings,
    read_config,
)
from tokkatot.kit.clock import SystemClock

HUB, FARM, HOUSE = UUID(int=1), UUID(int=2), UUID(int=3)
KEY = b64encode(Ed25519PrivateKey.from_private_bytes(b"k" * 32).public_key().public_bytes_raw())
LEAST = f'[hub]\nid = "{HUB}"\nfarm = "{FARM}"\n'
CLOUD = f'[cloud]\nurl = "mqtt://cloud.example"\nlogin = "{HUB}"\npassword = "a-password"\n'
KEYS = f'[cloud.keys]\nk1 = "{KEY.decode()}"\n'


def read(folder: Path, text: str) -> HubConfig:
    path = folder / "hub.toml"
    path.write_text(text)
    return read_config(path)


def test_the_least_settings_give_a_hub_with_its_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, LEAST)
    assert (config.hub_id, config.farm_id, config.data_dir) == (HUB, FARM, tmp_path / "data")
    assert config.web == WebSettings(host="127.0.0.1", port=8470)
    assert (config.cloud, config.nodes, config.drivers) == (None, None, ())


def test_the_cloud_has_an_address_a_login_and_keys(tmp_path: Path) -> None:
    cloud = read(tmp_path, LEAST + CLOUD + KEYS).cloud
    assert cloud is not None
    assert cloud.broker == BrokerAddress(
        host="cloud.example", port=1883, tls=False, login=str(HUB), password="a-password"
    )
    assert list(cloud.keys) == ["k1"]


def test_a_password_may_lie_in_a_file_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    text = LEAST + CLOUD.replace('password = "a-password"', 'password_file = "secret"') + KEYS
    cloud = read(tmp_path, text).cloud
    assert cloud is not None
    assert cloud.broker.password == "from-a-file"


def test_a_tls_broker_has_its_own_port(tmp_path: Path) -> None:
    cloud = read(tmp_path, LEAST + CLOUD.replace("mqtt://", "mqtts://") + KEYS).cloud
    assert cloud is not None
    assert (cloud.broker.port, cloud.broker.tls) == (8883, True)


def test_logins_of_nodes_reach_the_device_of_their_name_or_what_they_list(tmp_path: Path) -> None:
    nodes = (
        '[nodes]\nbroker = "embedded"\nport = 1999\n[nodes.logins]\nesp-1 = "password-1"\n'
        'shed = { password = "password-2", devices = ["a", "b"] }\n'
        f'gateway = {{ password = "password-3", houses = ["{HOUSE}"] }}\n'
    )
    assert read(tmp_path, LEAST + nodes).nodes == EmbeddedBroker(
        host="127.0.0.1",
        port=1999,
        logins=(
            NodeLogin(name="esp-1", password="password-1", devices=("esp-1",), houses=()),
            NodeLogin(name="shed", password="password-2", devices=("a", "b"), houses=()),
            NodeLogin(name="gateway", password="password-3", devices=(), houses=(HOUSE,)),
        ),
    )


def test_the_page_has_its_pin_its_addresses_and_its_certificate(tmp_path: Path) -> None:
    text = (
        '[web]\nhost = "0.0.0.0"\npin = "135790"\naddresses = ["http://farm.lan:8470"]\n'
        "announce = false\n"
        'certificate = "hub.pem"\nkey = "hub.key"\n'
    )
    assert read(tmp_path, LEAST + text).web == WebSettings(
        host="0.0.0.0",  # noqa: S104 - read, not bound
        port=8470,
        pin="135790",
        addresses=("http://farm.lan:8470",),
        announce=False,
        secured=Secured(certificate=tmp_path / "hub.pem", key=tmp_path / "hub.key"),
    )


@pytest.mark.parametrize(
    "line",
    [
        'pin = "12345"',
        'pin = "secret"',
        'certificate = "hub.pem"',
        'key = "hub.key"',
        'addresses = ["javascript:alert(1)"]',
        'addresses = ["http://farm.lan/path"]',
    ],
)
def test_a_page_that_makes_no_sense_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigRefused):
        read(tmp_path, f"{LEAST}[web]\n{line}\n")


def test_the_web_can_be_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, LEAST + "[web]\nenabled = false\n").web is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "missing required field `hub`"),
        ("[hub", "is no TOML"),
        (LEAST.replace(str(HUB), "me"), "UUID"),
        (LEAST + "colour = 1\n", "unknown field `colour`"),
        (LEAST + "[wifi]\nname = 1\n", "unknown field `wifi`"),
        (LEAST + CLOUD, "keys"),
        (LEAST + CLOUD + '[cloud.keys]\nk1 = "short"\n', "k1 is no Ed25519"),
        (LEAST + CLOUD.replace("mqtt://", "http://") + KEYS, "must look like mqtt://"),
        (LEAST + CLOUD.replace("cloud.example", "a:b@cloud") + KEYS, "holds a login"),
        (LEAST + CLOUD.replace('password = "a-password"\n', "") + KEYS, "needs a password"),
        (LEAST + CLOUD + 'password_file = "x"\n' + KEYS, "both password and password_file"),
        (
            LEAST + CLOUD.replace('password = "a-password"', 'password_file = "none"') + KEYS,
            "none: No such file",
        ),
        (LEAST + "[web]\nport = 70000\n", "<= 65535"),
        (LEAST + '[nodes]\nbroker = "mqtt://n"\n[nodes.logins]\na = "password"\n', "embedded"),
        (LEAST + '[nodes]\nbroker = "embedded"\n[nodes.logins]\nhub = "password"\n', "itself"),
        (LEAST + '[nodes]\nbroker = "embedded"\n[nodes.logins]\na = "short"\n', "nodes"),
        (LEAST + '[nodes]\nbroker = "embedded"\n[nodes.logins]\n"a b" = "password"\n', "nodes"),
        (LEAST + "[drivers.x]\n", "needs a kind"),
        (LEAST + '[drivers.x]\nkind = "magic"\n', "kind: Invalid enum value"),
    ],
)
def test_a_wrong_setting_is_refused_and_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        read(tmp_path, text)
    assert says in str(refused.value)
    assert str(tmp_path / "hub.toml") in str(refused.value)


def test_a_file_that_is_missing_or_endless_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match="can't be read"):
        read_config(tmp_path / "none.toml")
    with pytest.raises(ConfigRefused, match="longer than"):
        read(tmp_path, "#" * 300_000)


DRIVERS = """
[drivers.house]
kind = "simulated"
house = "coop"
[drivers.nodes]
kind = "mqtt_node"
[drivers.old]
kind = "replay"
[[drivers.old.files]]
path = "a.csv"
device = "x"
columns = { T = "temperature" }
start = 2020-01-01T00:00:00Z
step_s = 60
"""


def around(node_broker: BrokerAddress | None) -> Surroundings:
    class Nothing:
        pass

    return Surroundings(
        worlds={"house": Nothing()},  # type: ignore[dict-item]  # it is only handed on
        node_broker=node_broker,
        positions={},
        clock=SystemClock(),
        random=lambda: 0.0,
    )


async def test_the_drivers_that_are_named_are_built(tmp_path: Path) -> None:
    config = read(tmp_path, LEAST + DRIVERS)
    drivers = build_drivers(config, around(BrokerAddress(host="h", port=1, tls=False)))
    assert [(driver.name, driver.steers) for driver in drivers] == [
        ("house", True),
        ("nodes", True),
        ("old", False),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (DRIVERS, r"\[drivers.nodes\] needs \[nodes\] broker"),
        ('[drivers.house]\nkind = "simulated"\nhouse = "barn"\n', r"\[drivers.house\] .*barn"),
        ('[drivers.old]\nkind = "replay"\nfiles = []\n', r"\[drivers.old\] "),
    ],
)
async def test_wrong_options_of_a_driver_are_refused_and_named(
    tmp_path: Path, text: str, says: str
) -> None:
    config = read(tmp_path, LEAST + text)
    with pytest.raises(DriverRefused, match=says):
        build_drivers(config, around(None))


def test_cameras_have_a_house_a_source_and_a_share_of_the_disk(tmp_path: Path) -> None:
    text = (
        f'[cameras.front]\nhouse = "{HOUSE}"\nkind = "v4l2"\npath = "/dev/video0"\n'
        f'[cameras.back]\nhouse = "{HOUSE}"\nkind = "http"\nurl = "http://10.0.0.9/now.jpg"\n'
        'login = "eye"\npassword = "secret"\n'
        f'[cameras.card]\nhouse = "{HOUSE}"\nkind = "file"\npath = "shots"\n'
        '[pictures]\nevery_minutes = 10\nlimit_mb = 64\nmodels = "models"\n'
    )
    pictures = read(tmp_path, LEAST + text).pictures
    assert pictures is not None
    assert [(one.name, one.kind, one.where, one.password) for one in pictures.cameras] == [
        ("front", "v4l2", "/dev/video0", None),
        ("back", "http", "http://10.0.0.9/now.jpg", "secret"),
        ("card", "file", str(tmp_path / "shots"), None),
    ]
    assert (pictures.every_s, pictures.limit_bytes) == (600, 64 * 1024 * 1024)
    assert pictures.models == tmp_path / "models"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('kind = "http"\npath = "x"', "needs a url"),
        ('kind = "http"\nurl = "file:///etc/passwd"', "needs a url"),
        ('kind = "file"', "needs a path"),
        ('kind = "onvif"\npath = "x"', "Invalid enum value 'onvif'"),
    ],
)
def test_a_camera_that_nothing_can_read_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigRefused, match=reason):
        read(tmp_path, f'{LEAST}[cameras.front]\nhouse = "{HOUSE}"\n{text}\n')
