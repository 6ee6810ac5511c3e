"""The settings of the cloud, read once from the environment or a TOML file."""

import os
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from typing_extensions import override

from tokkatot.cloud.platform.sms_url import checked_sms_url
from tokkatot.cloud.platform.smtp_url import SmtpServer

PREFIX = "TOKKATOT_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"

Port = Annotated[int, Field(ge=1, le=65535)]
Secret = Annotated[str | None, Field(repr=False)]
LogLevel = Literal["debug", "info", "warning", "error"]


def checked_server(url: str, schemes: tuple[str, ...]) -> SplitResult:
    """Return the parts of an address that can be one of a server that speaks one of the schemes.

    Raises:
        ValueError: when it can't.
    """
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"it is {' or '.join(f'{scheme}://HOST:PORT' for scheme in schemes)}")
    return parts


def checked_broker_url(url: str) -> str:
    """Return an address that can be one of a broker.

    Raises:
        ValueError: when it can't.
    """
    if checked_server(url, ("mqtt", "mqtts")).username is not None:
        raise ValueError("login and password have settings of their own")
    return url


def checked_influx_url(url: str) -> str:
    """Return an address that can be one of InfluxDB.

    Raises:
        ValueError: when it can't.
    """
    if checked_server(url, ("http", "https")).username is not None:
        raise ValueError("the token has a setting of its own")
    return url


def checked_detector_url(url: str) -> str:
    """Return an address that can be one of the detector.

    Raises:
        ValueError: when it can't.
    """
    checked_server(url, ("http", "https"))
    return url


def checked_redis_url(url: str) -> str:
    """Return an address that can be one of Redis; its password may be part of it.

    Raises:
        ValueError: when it can't.
    """
    checked_server(url, ("redis", "rediss"))
    return url


def checked_proxies(proxies: str) -> str:
    """Return addresses and networks, parted by commas, of which each can be one.

    All of them (`*`) are none: whoever asks could then say to be anybody.

    Raises:
        ValueError: when one can't.
    """
    named = [part.strip() for part in proxies.split(",") if part.strip()]
    for part in named:
        ip_network(part)
    return ",".join(named)


def _checked_sms_url(url: str | None) -> str | None:
    return None if url is None else checked_sms_url(url)


BrokerUrl = Annotated[str, AfterValidator(checked_broker_url)]
InfluxUrl = Annotated[str, AfterValidator(checked_influx_url)]
DetectorUrl = Annotated[str, AfterValidator(checked_detector_url)]
Proxies = Annotated[str, AfterValidator(checked_proxies)]
RedisUrl = Annotated[str, AfterValidator(checked_redis_url)]


class SettingsRefused(Exception):
    """Settings that can't be used; the text names each of them in a line of its own."""


class CloudSettings(BaseSettings):
    """What a person may choose; unset means embedded."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Path("data")
    """Everything that is kept: database, keys, logins, objects, logs."""
    http_host: str = "127.0.0.1"
    """Loopback until a person opens it: the demo's passwords are public."""
    http_port: Port = 8080
    public_url: str | None = None
    """How phones reach the cloud, where a proxy stands before it."""
    trusted_proxies: Proxies = "127.0.0.1,::1"
    """Whose word is taken for where a request came from (`X-Forwarded-For`)."""
    log_level: LogLevel = "info"

    database_url: Secret = None
    """postgresql://…; unset: PostgreSQL run by the program under the data folder."""
    database_pool_size: Annotated[int, Field(ge=2, le=200)] = 10

    mqtt_url: BrokerUrl | None = None
    """mqtt://host:port of the cloud's broker; unset: a broker run by the program."""
    mqtt_public_url: BrokerUrl | None = None
    """How hubs reach that broker, where it is by another address."""
    mqtt_login: str = "tokkatot-cloud"
    mqtt_password: Secret = None
    mqtt_shared: bool = True
    """The broker shares messages out among processes (`$share`), as all but small ones do."""
    mqtt_logins_dir: Path | None = None
    """Where the broker's password and access files are written, if the program keeps them."""

    influx_url: InfluxUrl | None = None
    """http://host:8086 of InfluxDB; unset: readings live in PostgreSQL."""
    influx_database: Annotated[str, Field(min_length=1)] = "tokkatot"
    influx_token: Secret = None
    """A token, or LOGIN:PASSWORD for version 1."""

    redis_url: Annotated[RedisUrl | None, Field(repr=False)] = None
    """redis://…; unset: processes tell each other through PostgreSQL, and each counts requests."""

    object_store_url: Secret = None
    """s3://…; unset: a folder under the data folder."""

    detector_url: DetectorUrl | None = None
    """http://host:8000 of `tokkatot vision serve`; unset: run by the program when it is needed."""

    forecast_url: Annotated[str | None, Field(pattern=r"^https?://[^\s?#]+$")] = None
    """Of a service that foretells weather in Open-Meteo's format; unset: nobody is asked."""
    usual_weather: Path | None = None
    """An EnergyPlus year (.epw) of the region, for the hours that nobody foretells."""

    smtp_url: Secret = None
    """smtp://login:password@host:587 or smtps://…; unset: no mail is sent."""
    mail_from: Annotated[str | None, Field(validate_default=True)] = None
    """Who the mails are from: an address, or a name with the address in <>."""

    push_services: str = (
        "fcm.googleapis.com jmt17.google.com updates.push.services.mozilla.com"
        " *.push.apple.com *.notify.windows.com"
    )
    """Hosts that the cloud posts to when a browser names them; `*.` names all under a domain."""
    telegram_token: Annotated[
        str | None, Field(repr=False, pattern=r"^\d{6,12}:[A-Za-z0-9_-]{30,60}$")
    ] = None
    """Of the bot that tells people by Telegram; unset: people name bots of their own."""
    sms_url: Annotated[str | None, AfterValidator(_checked_sms_url), Field(repr=False)] = None
    """One of Apprise's addresses with a sender and no receiver; unset: no SMS is sent."""

    demo_pictures: Path | None = None
    """A folder with photographs for the demo's camera; unset or empty: a drawing."""

    rate_limit_per_minute: Annotated[int, Field(ge=1)] = 1000
    """Requests from one address, or one /64 network of IPv6."""
    rate_limit_auth_per_minute: Annotated[int, Field(ge=1)] = 10
    """Attempts to log in, sign up, reset or refresh, counted in the same way."""

    @field_validator("smtp_url")
    @classmethod
    def _can_be_reached(cls, smtp_url: str | None) -> str | None:
        if smtp_url is not None:
            SmtpServer.parse(smtp_url)
        return smtp_url

    @field_validator("mail_from")
    @classmethod
    def _can_send(cls, mail_from: str | None, info: ValidationInfo) -> str | None:
        if mail_from is None:
            if info.data.get("smtp_url") is not None:
                raise ValueError("a mail server is set, so say who the mails are from")
            return None
        try:
            domain = Address(addr_spec=parseaddr(mail_from)[1]).domain
        except (ValueError, IndexError, MessageError):
            domain = ""
        if not domain or not mail_from.isprintable() or not parseaddr(mail_from)[1].isascii():
            raise ValueError("it is an address, such as Tokkatot <mail@example.com>")
        return mail_from

    @override
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let arguments beat the environment, and the environment the file."""
        config = os.environ.get(CONFIG_VARIABLE)
        if config is None:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(config))

    def as_environment(self) -> dict[str, str]:
        """Return these settings as variables for a child process."""
        values = self.model_dump(mode="json", exclude_none=True)
        return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def load_settings(**overrides: object) -> CloudSettings:
    """Read the settings; `overrides` come from the command line.

    Raises:
        SettingsRefused: with one line for each setting that is wrong.
    """
    config = os.environ.get(CONFIG_VARIABLE)
    if config is not None and not Path(config).is_file():
        raise SettingsRefused(f"{CONFIG_VARIABLE}: there is no file {config}")
    try:
        return CloudSettings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'.'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False)
        ]
        raise SettingsRefused("\n".join(lines)) from None
    except ValueError as error:
        raise SettingsRefused(f"{config}: {error}") from error
