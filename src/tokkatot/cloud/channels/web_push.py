"""Takes letters to browsers, encrypted so that the push service between can't read them."""

import json
from ssl import SSLContext

import httpx
from typing_extensions import override
from webpush import WebPush, WebPushSubscription
from webpush.types import WebPushKeys

from tokkatot.cloud.channels.carriers import Carrier, Letter, NotTaken
from tokkatot.cloud.channels.model import Failure
from tokkatot.cloud.channels.push_key import PushKey

TTL_S = 3600
"""A phone that was out of reach for longer finds it in the message centre."""
_SIGNED_FOR_S = 3600
_TIMEOUT_S = 10.0
_MAX_BODY_CHARS = 800
"""A push service takes 4096 bytes, and a letter of Khmer is three."""
_NO_SUCH_BROWSER = (404, 410)
_LATER = (408, 425, 429)


class WebPushCarrier(Carrier):
    """Posts to push services, each time over a connection of its own, since letters are few."""

    def __init__(self, key: PushKey, *, contact: str) -> None:
        self._web_push = WebPush(
            private_key=key.private_pem,
            public_key=key.public_pem,
            subscriber=contact,
            ttl=TTL_S,
            expiration=_SIGNED_FOR_S,
        )
        self._tls: SSLContext = httpx.create_ssl_context()

    @override
    async def carry(self, letter: Letter) -> None:
        message = self._web_push.get(
            json.dumps(
                {
                    "title": letter.title,
                    "body": letter.body[:_MAX_BODY_CHARS],
                    "path": letter.path,
                    "urgent": letter.urgent,
                },
                ensure_ascii=False,
            ),
            WebPushSubscription.model_validate(
                {"endpoint": letter.address, "keys": WebPushKeys.model_validate(letter.secrets)}
            ),
        )
        headers = {**message.headers, "urgency": "high" if letter.urgent else "normal"}
        try:
            async with (
                # A redirect would lead past the hosts that are allowed, so that none is followed.
                httpx.AsyncClient(
                    verify=self._tls, timeout=_TIMEOUT_S, follow_redirects=False
                ) as client,
                # Of the answer nothing is read but how it begins.
                client.stream(
                    "POST", letter.address, content=message.encrypted, headers=headers
                ) as answer,
            ):
                status = answer.status_code
        except httpx.HTTPError as error:
            raise NotTaken(Failure.NO_ANSWER, f"{type(error).__name__}: {error}"[:300]) from error
        _check(status)


def _check(status: int) -> None:
    if 200 <= status < 300:
        return
    detail = f"the push service answered {status}"
    if status in _NO_SUCH_BROWSER:
        raise NotTaken(Failure.GONE, detail)
    if status in _LATER or status >= 500:
        raise NotTaken(Failure.BUSY, detail)
    raise NotTaken(Failure.REFUSED, detail)
