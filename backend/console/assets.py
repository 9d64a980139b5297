"""Static files in memory: a few kilobytes, read once when the application is created."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from backend.errors import NotFound

STATIC = Path(__file__).parent / "static"
PREFIX = "/static"
_IMMUTABLE = "public, max-age=31536000, immutable"
_REVALIDATE = "no-cache"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Assets:
    """The files, and one digest over all of them, which is part of every address.

    Being a directory of the address, it also holds for what files import from each other.
    """

    digest: str
    files: Mapping[str, Asset]

    @classmethod
    def load(cls, directory: Path = STATIC) -> Self:
        files = {path.name: _asset(path) for path in sorted(directory.iterdir())}
        digest = sha256(b"".join(asset.etag.encode() for asset in files.values())).hexdigest()
        return cls(digest=digest[:12], files=files)

    def url(self, name: str) -> str:
        """Return the address of a file; a name that does not exist is a bug in a template."""
        if name not in self.files:
            raise KeyError(f"there is no static file {name!r}")
        return f"{PREFIX}/{self.digest}/{name}"

    def respond(self, request: Request, digest: str, name: str) -> Response:
        """Serve a file, to be cached forever under its own address.

        While two releases run side by side, browsers ask one for files of the other. It then serves
        its own file of that name without caching.
        """
        asset = self.files.get(name)
        if asset is None:
            raise NotFound
        headers = {
            "Cache-Control": _IMMUTABLE if digest == self.digest else _REVALIDATE,
            "ETag": asset.etag,
        }
        if request.headers.get("if-none-match") == asset.etag:
            return Response(status_code=304, headers=headers)
        return Response(asset.body, media_type=asset.media_type, headers=headers)


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    media_type = _TYPES.get(path.suffix)
    if media_type is None:
        raise ValueError(f"{path}: no media type is known for {path.suffix!r}")
    return Asset(body=body, media_type=media_type, etag=f'"{sha256(body).hexdigest()[:32]}"')
