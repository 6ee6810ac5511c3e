"""Where mail is handed over, read from an address such as `smtp://login:password@host:587`."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_PLAIN_PORT = 25
_SUBMISSION_PORT = 587
_TLS_PORT = 465


class SmtpUrlRefused(ValueError):
    """An address that can't be one of a mail server; the text never repeats it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A mail server; `start_tls` None means encrypted where the server offers it."""

    host: str
    port: int
    login: str | None
    password: str | None = field(repr=False)
    use_tls: bool
    start_tls: bool | None

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Read `smtp://` (encrypted once a login is sent) or `smtps://` (encrypted throughout).

        Raises:
            SmtpUrlRefused: when it is something else.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise SmtpUrlRefused("its host or port can't be read") from None
        if parts.scheme not in {"smtp", "smtps"}:
            raise SmtpUrlRefused("it begins with smtp:// or smtps://")
        if not parts.hostname:
            raise SmtpUrlRefused("it names no host")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise SmtpUrlRefused(
                "nothing follows the port; write @ / ? # in a password as %40 %2F %3F %23"
            )
        if (parts.username is None) != (parts.password is None):
            raise SmtpUrlRefused("a login and its password come together")
        use_tls, has_login = parts.scheme == "smtps", parts.username is not None
        usual = _TLS_PORT if use_tls else _SUBMISSION_PORT if has_login else _PLAIN_PORT
        return cls(
            host=parts.hostname,
            port=port or usual,
            login=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            use_tls=use_tls,
            # A password is never sent in the clear.
            start_tls=False if use_tls else True if has_login else None,
        )
