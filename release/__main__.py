"""Command line of `make image` and `make release`."""

import argparse
import sys
from pathlib import Path

from release import image, upgrade
from release.programs import ReleaseError

_ROOT = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.command == "image":
            image.build_and_push(
                repository=options.repository,
                version=options.version,
                platforms=options.platforms,
                root=_ROOT,
            )
        else:
            target = upgrade.Target(release=options.release, namespace=options.namespace)
            upgrade.release(version=options.version, target=target, root=_ROOT)
    except ReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("image", help="build and push the image")
    build.add_argument("--repository", required=True, help="repository, without a tag")
    build.add_argument("--version", required=True, help="tag; empty names the commit")
    build.add_argument("--platforms", default="linux/amd64", help="of the nodes, with commas")
    deploy = commands.add_parser("upgrade", help="put a version into the release")
    deploy.add_argument("--version", required=True, help="tag of the image")
    deploy.add_argument("--release", default="backend")
    deploy.add_argument("--namespace", default="observability")
    return parser


if __name__ == "__main__":
    sys.exit(main())
