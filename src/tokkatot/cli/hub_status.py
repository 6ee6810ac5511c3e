"""What `tokkatot hub --status` tells whoever stands at the hub."""

import http.client
import json
import ssl
from pathlib import Path

import typer

from tokkatot.hub.config import ConfigRefused, HubConfig, WebSettings, read_config
from tokkatot.hub.lan import page_addresses
from tokkatot.hub.web.pin import read_pin

_REFUSED = 2
_NOT_WELL = 1
_ANSWER_WITHIN_S = 5.0
_MAX_ANSWER = 4 * 1024 * 1024
_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared only


def tell_status(path: Path) -> int:
    """Print how the hub is and how people reach its page; return the exit status."""
    try:
        config = read_config(path)
    except ConfigRefused as refusal:
        typer.echo(refusal, err=True)
        return _REFUSED
    if config.web is None:
        typer.echo("The hub's page is switched off in hub.toml ([web] enabled).")
        return 0
    told = _asked(config.web, "/health")
    health = str(told.get("status", "does not answer"))
    typer.echo(f"hub:   {config.hub_id}")
    typer.echo(f"state: {health}")
    dropped = told.get("dropped")
    for what, number in dropped.items() if isinstance(dropped, dict) else ():
        typer.echo(f"lost:  {number} ({what})")
    addresses = page_addresses(config.web, config.hub_id)
    for address in addresses:
        typer.echo(f"page:  {address}")
    if not addresses:
        typer.echo('page:  on this machine alone; [web] host = "0.0.0.0" opens it to the farm')
    typer.echo(f"PIN:   {_pin(config)}")
    return 0 if health == "ok" else _NOT_WELL


def _pin(config: HubConfig) -> str:
    assert config.web is not None, "it has a page"
    if _asked(config.web, "/v1/state").get("pin_from_cloud"):
        return "the one that the farm's owner has set in the app"
    return config.web.pin or read_pin(config.data_dir) or "made at the first start"


def _asked(web: WebSettings, path: str) -> dict[str, object]:
    """Return what the hub's page answers; nothing where it does not."""
    host = "127.0.0.1" if web.host in _ANY else web.host
    if web.secured is None:
        connection = http.client.HTTPConnection(host, web.port, timeout=_ANSWER_WITHIN_S)
    else:
        # Our own process on our own machine: the certificate names it as others see it.
        unchecked = ssl.create_default_context()
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            host, web.port, timeout=_ANSWER_WITHIN_S, context=unchecked
        )
    try:
        connection.request("GET", path)
        answer = json.loads(connection.getresponse().read(_MAX_ANSWER))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else {}
