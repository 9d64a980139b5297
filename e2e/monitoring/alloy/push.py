"""`loki.write`: entries as Loki's JSON push. Stdlib alone.

Real Alloy sends protobuf, compressed with snappy. And it gives up after ten attempts; this one
tries until it is told otherwise, so that a drill loses nothing to a Loki that starts late.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from http import HTTPStatus

from e2e.monitoring.alloy.entry import Entry
from e2e.monitoring.alloy.errors import AlloyError
from e2e.monitoring.alloy.syntax import Block
from e2e.monitoring.alloy.values import arguments

_SECONDS = 10


class Writer:
    """Sends to the one endpoint of a `loki.write`."""

    def __init__(self, block: Block) -> None:
        arguments(block, (), blocks=("endpoint",))
        if len(block.blocks) != 1:
            raise AlloyError(f"line {block.line}: the stand-in sends to exactly one endpoint")
        self.url: str = arguments(block.blocks[0], ("url",))["url"]
        self.sent = self.dropped = 0
        self.trouble = ""

    def send(self, entries: list[Entry]) -> bool:
        """Send a batch; False when it shall be tried again."""
        request = urllib.request.Request(  # noqa: S310 - the configuration's own address
            self.url,
            data=json.dumps(body(entries)).encode(),
            headers={"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310 - as above
                self.sent += len(entries)
                self.trouble = ""
        except urllib.error.HTTPError as error:
            self.trouble = f"{self.url}: {error.code} {error.read().decode(errors='replace')}"
            print(self.trouble, flush=True)
            if error.code == HTTPStatus.TOO_MANY_REQUESTS or error.code >= 500:
                return False
            self.dropped += len(entries)
        except OSError as error:
            self.trouble = f"{self.url}: {error}"
            return False
        return True


def body(entries: Iterable[Entry]) -> dict[str, object]:
    """Entries by stream; each is its time in nanoseconds, its line, and its structured metadata."""
    streams: dict[frozenset[tuple[str, str]], list[list[object]]] = {}
    for entry in entries:
        value: list[object] = [str(entry.timestamp), entry.line]
        if entry.metadata:
            value.append(entry.metadata)
        streams.setdefault(frozenset(entry.labels.items()), []).append(value)
    return {
        "streams": [
            {"stream": dict(sorted(labels)), "values": values} for labels, values in streams.items()
        ]
    }
