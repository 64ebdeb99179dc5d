"""The page that shows the API, and the description that it is made from; everything it needs comes from here."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import fastapi_offline
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from app.api.reply import dumped, tag, unchanged

PAGE: Final = "/docs"
STATIC: Final = "/docs/static"
SCRIPT: Final = "/docs/page.js"
STYLE: Final = "/docs/page.css"
DESCRIPTION: Final = "/openapi.json"

_HTML: Final = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Restrike: the local API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{STATIC}/swagger-ui.css">
<link rel="stylesheet" href="{STYLE}">
</head>
<body>
<main id="page"><noscript>The API is described in <a href="{DESCRIPTION}">{DESCRIPTION}</a>.</noscript></main>
<script src="{STATIC}/swagger-ui-bundle.js"></script>
<script src="{SCRIPT}"></script>
</body>
</html>
"""
_JS: Final = f""""use strict";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
window.ui = SwaggerUIBundle({{
  url: "{DESCRIPTION}",
  dom_id: "#page",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "none",
  filter: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
}});
"""
_CSS: Final = """html { background: #fff; }
html.dark-mode { background: #1c2022; }
body { margin: 0; }
html.dark-mode .swagger-ui .examples-select__section-label { color: #b7bcbf; }
.swagger-ui .info { margin: 2em 0 1em; }
"""


def install(app: FastAPI, document: Callable[[], dict[str, Any]]) -> None:
    """Add `/docs` and `/openapi.json` to `app`; `document` is called once, when the description is first asked for."""

    @functools.cache
    def described() -> tuple[bytes, str]:
        data = dumped(document())
        return data, tag(data)

    async def openapi(request: Request) -> Response:
        data, etag = described()
        return unchanged(request, etag) or _answer(data, "application/json", {"ETag": etag})

    async def page(request: Request) -> Response:
        return _answer(_HTML, "text/html")

    async def script(request: Request) -> Response:
        return _answer(_JS, "text/javascript")

    async def style(request: Request) -> Response:
        return _answer(_CSS, "text/css")

    for path, route in ((DESCRIPTION, openapi), (PAGE, page), (SCRIPT, script), (STYLE, style)):
        app.add_route(path, route, include_in_schema=False)
    static = Path(fastapi_offline.__file__).parent / "static"
    app.mount(STATIC, StaticFiles(directory=static), name="static")


def _answer(body: bytes | str, media_type: str, more: dict[str, str] | None = None) -> Response:
    return Response(body, media_type=media_type, headers={"Cache-Control": "no-cache", **(more or {})})
