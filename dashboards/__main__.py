"""`make dashboards`: write the JSON that is committed, and a preview of the layout.

With --prometheus <url> the preview draws what that Prometheus answers.
"""

import argparse
import sys
import time
from pathlib import Path

from dashboards.catalogue import CHECKOUT, pages
from dashboards.page import Page, render
from dashboards.preview.page import preview
from dashboards.preview.prometheus import Prometheus

# What Grafana would fill in. A minute: four scrapes of a quarter each.
VARIABLES = {"__rate_interval": "1m", "namespace": "observability", "node": ".*"}
# The dashboards that ask for several namespaces, or for all of them.
ALL_NAMESPACES = {"cost"}


def main() -> None:
    arguments = _arguments()
    previews = arguments.root / "build" / "dashboards"
    previews.mkdir(parents=True, exist_ok=True)
    total_panels = total_queries = 0
    for path, page in pages().items():
        target = arguments.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        text = render(page)
        target.write_text(text)
        shown = preview(text, _source(arguments, path.stem), arguments.note)
        (previews / f"{path.stem}.html").write_text(shown)
        panels, queries = count(page)
        total_panels, total_queries = total_panels + panels, total_queries + queries
        sys.stdout.write(f"{page.title:20} {panels:3} panels {queries:3} queries  {path}\n")
    sys.stdout.write(f"{'all':20} {total_panels:3} panels {total_queries:3} queries\n")
    sys.stdout.write(f"A preview of the layout, not by Grafana: {previews}/*.html\n")


def count(page: Page) -> tuple[int, int]:
    """Return the number of panels and of queries."""
    panels = [panel for section in page.sections for panel in section.panels]
    return len(panels), sum(len(panel.queries) for panel in panels)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--root", type=Path, default=CHECKOUT, help="the checkout to write into")
    parser.add_argument("--prometheus", help="address of a Prometheus whose data the preview draws")
    parser.add_argument("--namespace", default=VARIABLES["namespace"], help="whose it is")
    parser.add_argument("--minutes", type=float, default=60, help="how much of it")
    parser.add_argument("--note", default="", help="what to say above the preview about the data")
    return parser.parse_args()


def _source(arguments: argparse.Namespace, name: str) -> Prometheus | None:
    if not arguments.prometheus:
        return None
    return Prometheus(
        arguments.prometheus,
        time.time(),
        arguments.minutes * 60,
        VARIABLES | {"namespace": ".*" if name in ALL_NAMESPACES else arguments.namespace},
    )


if __name__ == "__main__":
    main()
