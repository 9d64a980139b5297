"""The console's shared objects, created once for each application."""

from dataclasses import dataclass
from typing import Self, cast

from fastapi import Request

from backend.console.assets import Assets
from backend.console.forms import FormTokens
from backend.console.pages import Pages
from backend.console.session import Sessions


@dataclass(frozen=True, slots=True)
class Console:
    assets: Assets
    pages: Pages
    sessions: Sessions
    form_tokens: FormTokens
    local: bool
    """On a local machine, where pages may name the file of a token."""

    @classmethod
    def create(cls, key: bytes, *, local: bool) -> Self:
        assets = Assets.load()
        return cls(
            assets=assets,
            pages=Pages(assets),
            sessions=Sessions(key),
            form_tokens=FormTokens(key),
            local=local,
        )


def console_of(request: Request) -> Console:
    return cast("Console", request.app.state.console)
