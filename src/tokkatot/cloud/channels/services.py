"""Which services take texts to people, by the settings; each is loaded when it is first needed."""

from collections.abc import Callable
from email.utils import parseaddr
from functools import partial
from urllib.parse import urlsplit

from tokkatot.cloud.channels.carriers import Carrier, MailCarrier
from tokkatot.cloud.channels.courier import AT_ONCE, Carriers
from tokkatot.cloud.channels.model import ChannelKind
from tokkatot.cloud.channels.push_key import PushKey
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.mail import Mailer
from tokkatot.cloud.platform.settings import CloudSettings

_NOBODY = "nobody@example.com"


def carriers(context: Context) -> Carriers:
    """Return how the services that the settings name are made."""
    settings = context.settings
    offered: dict[ChannelKind, Callable[[], Carrier]] = {
        ChannelKind.WEB_PUSH: partial(_web_push, settings),
        ChannelKind.TELEGRAM: partial(_telegram, settings.telegram_token),
    }
    mailer = Mailer.open(settings, clock=context.clock, ids=context.ids)
    if mailer is not None:
        offered[ChannelKind.EMAIL] = partial(MailCarrier, mailer)
    if settings.sms_url is not None:
        offered[ChannelKind.SMS] = partial(_sms, settings.sms_url)
    return offered


def _web_push(settings: CloudSettings) -> Carrier:
    from tokkatot.cloud.channels.web_push import WebPushCarrier  # noqa: PLC0415

    key = PushKey.load(settings.data_dir / "keys")
    return WebPushCarrier(key, contact=_contact(settings))


def _telegram(token: str | None) -> Carrier:
    # Half a second and 20 MB, which most clouds never need; the same below.
    from tokkatot.cloud.channels.by_apprise import AppriseCarrier, by_telegram  # noqa: PLC0415

    return AppriseCarrier(by_telegram(token), threads=AT_ONCE[ChannelKind.TELEGRAM])


def _sms(url: str) -> Carrier:
    from tokkatot.cloud.channels.by_apprise import AppriseCarrier, by_sms  # noqa: PLC0415

    return AppriseCarrier(by_sms(url), threads=AT_ONCE[ChannelKind.SMS])


def _contact(settings: CloudSettings) -> str:
    """Return whom a push service may write to about what this cloud sends."""
    if settings.mail_from is not None:
        return parseaddr(settings.mail_from)[1]
    host = urlsplit(settings.public_url or "").hostname
    return _NOBODY if host is None else f"tokkatot@{host}"
