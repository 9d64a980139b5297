"""The addresses in a report that lead a person to its source. They never decide about an alert.

Only whole http(s) addresses of bounded length are kept. Everything else is dropped, since a page or
a client could make a link of it.
"""

import re
from collections.abc import Sequence
from operator import attrgetter
from urllib.parse import unquote_plus

import orjson

from backend.alerts.intake.limits import MAX_LINK_CHARACTERS
from backend.alerts.intake.payload import AlertMessage

_ADDRESS = re.compile(
    r"https?://[^\s\x00-\x1f\x7f\ufffd/?#\\][^\s\x00-\x1f\x7f\ufffd]*+", re.IGNORECASE
)
_ADDRESSES = attrgetter("generator_url", "dashboard_url", "panel_url", "silence_url")
# Without user, port and path. Names have at most 253 characters.
_HOST = re.compile(r"https?://(?:[^/?#]*@)?(\[[^\]/?#]{1,45}\]|[^/?#:]{1,253})", re.IGNORECASE)
# Prometheus puts the expression of a rule into the address of its graph.
_EXPRESSION = re.compile(r"[?&]g0\.expr=([^&#]*+)")
# A character of UTF-8 takes at most twelve characters in an address.
_EXPRESSION_CHARACTERS = 12 * MAX_LINK_CHARACTERS


def link_texts(alerts: Sequence[AlertMessage], alertmanager: str) -> list[str]:
    """Return the links of each alert as JSON; an empty text stands for none."""
    sent = [*map(_ADDRESSES, alerts)]
    # Alerts of one rule have the same source, so there are few different texts.
    texts = {addresses: _json(alertmanager, *addresses) for addresses in set(sent)}
    return [texts[addresses] for addresses in sent]


def expression_of(source: str) -> str | None:
    """Return the expression in the address of a Prometheus graph, even a relative one."""
    found = _EXPRESSION.search(source)
    if found is None:
        return None
    decoded = unquote_plus(found[1][:_EXPRESSION_CHARACTERS]).replace("\x00", "")
    return decoded[:MAX_LINK_CHARACTERS] or None


def different_hosts(stored: str, reported: str) -> str | None:
    """Return the hosts in two texts of links, if those of Prometheus or of Alertmanager differ."""
    both = orjson.loads(stored), orjson.loads(reported or "{}")
    for name in ("source", "alertmanager"):
        found = [_HOST.match(links.get(name, "")) for links in both]
        hosts = [match[1].lower() for match in found if match]
        if len(set(hosts)) > 1:
            return " and ".join(hosts)
    return None


def _json(
    alertmanager: str,
    source: str | None,
    dashboard: str | None,
    panel: str | None,
    silence: str | None,
) -> str:
    named = {
        "source": source,
        "alertmanager": alertmanager,
        "dashboard": dashboard,
        "panel": panel,
        "silence": silence,
    }
    links = {name: text for name, text in named.items() if text and _is_link(text)}
    if source and "source" not in links and (expression := expression_of(source)):
        # No link, but at least what the rule asks.
        links["expression"] = expression
    return orjson.dumps(links).decode() if links else ""


def _is_link(text: str) -> bool:
    return len(text) <= MAX_LINK_CHARACTERS and _ADDRESS.fullmatch(text) is not None
