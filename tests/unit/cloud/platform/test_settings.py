from pathlib import Path

import pytest

from tokkatot.cloud.platform.settings import SettingsRefused, load_settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA_DIR", "HTTP_PORT", "DATABASE_URL", "MQTT_URL", "SMTP_URL"):
        monkeypatch.delenv(f"TOKKATOT_{name}", raising=False)


def test_unset_means_embedded_and_on_loopback() -> None:
    settings = load_settings()

    assert (settings.database_url, settings.mqtt_url) == (None, None)
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8080)
    assert settings.data_dir == Path("data")


def test_the_environment_beats_the_file_and_an_argument_beats_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text('http_port = 1001\nlog_level = "debug"\ndata_dir = "from-file"\n')
    monkeypatch.setenv("TOKKATOT_CONFIG", str(config))
    monkeypatch.setenv("TOKKATOT_HTTP_PORT", "1002")
    monkeypatch.setenv("TOKKATOT_DATA_DIR", "from-environment")

    settings = load_settings(data_dir=Path("from-argument"))

    assert settings.log_level == "debug"
    assert settings.http_port == 1002
    assert settings.data_dir == Path("from-argument")


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("TOKKATOT_HTTP_PORT", port)

    with pytest.raises(SettingsRefused, match=r"^TOKKATOT_HTTP_PORT: "):
        load_settings()


def test_an_unknown_name_in_the_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text("htp_port = 1001\n")
    monkeypatch.setenv("TOKKATOT_CONFIG", str(config))

    with pytest.raises(SettingsRefused, match="TOKKATOT_HTP_PORT"):
        load_settings()


def test_a_file_that_is_not_toml_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "cloud.toml"
    config.write_text("http_port: 1001\n")
    monkeypatch.setenv("TOKKATOT_CONFIG", str(config))

    with pytest.raises(SettingsRefused, match=r"cloud\.toml"):
        load_settings()


def test_a_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKKATOT_CONFIG", "no-such.toml")

    with pytest.raises(SettingsRefused, match="no file"):
        load_settings()


def test_secrets_are_not_shown_in_a_log() -> None:
    settings = load_settings(database_url="postgresql://a:hidden@b/c", mqtt_password="hidden")

    assert "hidden" not in repr(settings)


def test_a_child_process_reads_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(database_url="postgresql://a:b@c/d", http_port=1003)

    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)

    assert load_settings() == settings


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:port",
        "smtp://me:secret/word@mail.example",
        "smtp://me@mail.example",
    ],
)
def test_a_mail_server_that_can_t_be_one_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("TOKKATOT_SMTP_URL", url)
    monkeypatch.setenv("TOKKATOT_MAIL_FROM", "mail@example.com")

    with pytest.raises(SettingsRefused, match=r"^TOKKATOT_SMTP_URL: ") as refused:
        load_settings()

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "sender", [None, "", "nobody", "a@b\r\nBcc: c@d", "Tokkatot <>", "ក@ខ.com"]
)
def test_mail_needs_an_address_to_come_from(
    monkeypatch: pytest.MonkeyPatch, sender: str | None
) -> None:
    monkeypatch.setenv("TOKKATOT_SMTP_URL", "smtp://mail.example")
    if sender is not None:
        monkeypatch.setenv("TOKKATOT_MAIL_FROM", sender)

    with pytest.raises(SettingsRefused, match=r"^TOKKATOT_MAIL_FROM: "):
        load_settings()


@pytest.mark.parametrize("sender", ["mail@example.com", "Tokkatot <mail@example.com>"])
def test_mail_comes_from_an_address_with_or_without_a_name(sender: str) -> None:
    settings = load_settings(smtp_url="smtp://mail.example", mail_from=sender)

    assert settings.mail_from == sender


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("INFLUX_URL", "influx:8086"),
        ("INFLUX_URL", "http://"),
        ("INFLUX_URL", "http://me:secret@influx:8086"),
        ("REDIS_URL", "redis:6379"),
        ("REDIS_URL", "http://me:secret@redis:6379"),
    ],
)
def test_a_store_s_address_that_can_t_be_one_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(f"TOKKATOT_{name}", url)

    with pytest.raises(SettingsRefused, match=rf"^TOKKATOT_{name}: ") as refused:
        load_settings()

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["MQTT_URL", "MQTT_PUBLIC_URL"])
@pytest.mark.parametrize(
    "url", ["broker:1883", "http://broker", "mqtt://", "mqtt://me:word@broker"]
)
def test_a_broker_s_address_that_can_t_be_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(f"TOKKATOT_{name}", url)

    with pytest.raises(SettingsRefused, match=rf"^TOKKATOT_{name}: "):
        load_settings()


@pytest.mark.parametrize(
    "proxies", ["*", "proxy.example", "10.0.0.1/8", "10.0.0.1,*", "10.0.0.1 ::1"]
)
def test_what_is_no_address_of_a_proxy_is_refused(
    monkeypatch: pytest.MonkeyPatch, proxies: str
) -> None:
    monkeypatch.setenv("TOKKATOT_TRUSTED_PROXIES", proxies)

    with pytest.raises(SettingsRefused, match=r"^TOKKATOT_TRUSTED_PROXIES: "):
        load_settings()


def test_proxies_are_addresses_and_networks() -> None:
    settings = load_settings(trusted_proxies=" 10.0.0.5, 172.16.0.0/12,::1,")

    assert settings.trusted_proxies == "10.0.0.5,172.16.0.0/12,::1"
    assert load_settings(trusted_proxies="").trusted_proxies == ""
