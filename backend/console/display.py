"""Formats values for a page: ages, hostile text, links. Jinja escapes all but Markup."""

import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from markupsafe import Markup

NO_BREAK = "\u00a0"
ELLIPSIS = "\u2026"

# Invisible characters that change the visible text: controls, bidirectional overrides and isolates,
# zero-width ones. The page's white-space rule handles tab and newline.
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_WHITE_SPACE = re.compile(r"\s+")


def age(since: datetime, now: datetime) -> str:
    """Write the time from `since` to `now` in at most two units; the future counts as zero."""
    return span(now - since)


def span(length: timedelta) -> str:
    seconds = max(0, int(length.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes == 0:
        return f"{seconds}{NO_BREAK}s"
    if hours == 0:
        return f"{minutes}{NO_BREAK}min"
    if days == 0:
        return _two(hours, "h", minutes % 60, "min")
    return _two(days, "d", hours % 24, "h")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    text = f"{large}{NO_BREAK}{large_unit}"
    return f"{text}{NO_BREAK}{small}{NO_BREAK}{small_unit}" if small else text


def clock(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%H:%M:%S")


def full_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def machine_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(at: datetime, text: str | None = None) -> Markup:
    """Format an instant in full, for machines and for readers who hover over it."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        machine_time(at), full_time(at), text or full_time(at)
    )


def count(number: int) -> str:
    return f"{number:,}"


def plural(number: int, one: str, many: str) -> str:
    return f"{count(number)}{NO_BREAK}{one if number == 1 else many}"


def visible(text: str) -> Markup:
    """Escape, and show invisible characters as code points, so that no text passes for another."""
    parts: list[Markup] = []
    position = 0
    for match in _UNSEEN.finditer(text):
        parts.append(Markup.escape(text[position : match.start()]))
        parts.append(Markup('<span class="unseen">{}</span>').format(f"U+{ord(match.group()):04X}"))
        position = match.end()
    parts.append(Markup.escape(text[position:]))
    return Markup("").join(parts)


def shorten(text: str, limit: int) -> str:
    """Shorten a text to one line of at most `limit` characters."""
    line = _WHITE_SPACE.sub(" ", text[: limit * 4]).strip()
    return line if len(line) <= limit and len(text) <= limit * 4 else line[: limit - 1] + ELLIPSIS


def is_local(address: str) -> bool:
    """Tell whether an address leads every reader to the reader's own machine."""
    host = urlsplit(address).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ip = ip_address(host)
    except ValueError:
        return False
    return ip.is_loopback or ip.is_unspecified


def external_link(text: str) -> str | None:
    """Return a value that is a whole http(s) URL, or None for other text."""
    if _UNSEEN.search(text) or _WHITE_SPACE.search(text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    return text if parts.scheme in {"http", "https"} and host else None
