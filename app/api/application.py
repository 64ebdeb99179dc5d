"""The application: the routes behind the gate, outermost first the gate, limits, and answers given before."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from fastapi import FastAPI

from app.api import docs, methods, openapi, problems
from app.api.answers import Answers, Idempotent
from app.api.desk import Desk
from app.api.gate import Gate
from app.api.limits import Limits
from app.api.routes import commands, content, events, presence, projects, regeneration, regenerative, relay

API: Final = "/api/v1"


def application(
    desk: Desk, answers: Answers, token: str, *, hosts: Collection[str], origins: Collection[str] = ()
) -> FastAPI:
    """Everything that callers may ask the desk, for those who have the token and name one of the hosts."""
    app = FastAPI(title="Restrike", version=desk.release, docs_url=None, redoc_url=None, openapi_url=None)
    for routes in (commands, regenerative, regeneration, content, projects, presence, relay, events):
        app.include_router(routes.router(desk), prefix=API)
    docs.install(app, lambda: openapi.document(app))
    methods.install(app)
    problems.install(app, desk.place.home, desk.paths)
    app.add_middleware(Idempotent, answers=answers, clock=desk.clock)
    app.add_middleware(Limits)
    app.add_middleware(Gate, token=token, hosts=hosts, origins=origins)
    return app
