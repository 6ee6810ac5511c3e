"""Which service sends SMS, read from one of Apprise's addresses such as `twilio://…`."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

SMS_SERVICES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "atalk": ("africas_talking", "NotifyAfricasTalking"),
        "infobip": ("infobip", "NotifyInfobip"),
        "msgbird": ("messagebird", "NotifyMessageBird"),
        "plivo": ("plivo", "NotifyPlivo"),
        "seven": ("seven", "NotifySeven"),
        "sinch": ("sinch", "NotifySinch"),
        "telnyx": ("telnyx", "NotifyTelnyx"),
        "twilio": ("twilio", "NotifyTwilio"),
        "vonage": ("vonage", "NotifyVonage"),
    }
)
"""The scheme of each to Apprise's module and class: no other plugin is ever loaded."""


def checked_sms_url(url: str) -> str:
    """Return an address that can be one of a service for SMS.

    Raises:
        ValueError: when it can't; the text never repeats it.
    """
    scheme = url.partition("://")[0].lower()
    if scheme not in SMS_SERVICES or "://" not in url:
        raise ValueError(f"it begins with one of {', '.join(SMS_SERVICES)} and ://")
    if urlsplit(url).query:
        raise ValueError("nothing follows the sender; Apprise's options are not taken")
    return url
