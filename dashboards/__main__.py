"""`make dashboards`: write the JSON that is committed."""

import argparse
import sys
from pathlib import Path

from dashboards.catalogue import CHECKOUT, pages
from dashboards.page import Page, render


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--root", type=Path, default=CHECKOUT, help="the checkout to write into")
    root: Path = parser.parse_args().root
    total_panels = total_queries = 0
    for path, page in pages().items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render(page))
        panels, queries = count(page)
        total_panels, total_queries = total_panels + panels, total_queries + queries
        sys.stdout.write(f"{page.title:20} {panels:3} panels {queries:3} queries  {path}\n")
    sys.stdout.write(f"{'all':20} {total_panels:3} panels {total_queries:3} queries\n")


def count(page: Page) -> tuple[int, int]:
    """Return the number of panels and of queries."""
    panels = [panel for section in page.sections for panel in section.panels]
    return len(panels), sum(len(panel.queries) for panel in panels)


if __name__ == "__main__":
    main()
