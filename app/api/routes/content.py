"""Pictures by id: thumb, proxy or full, in ranges, by a signed URL, and brought back where they were dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path as File
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app import finding
from app.api.conditional import matches, ranges
from app.api.desk import Desk
from app.api.reply import reply
from app.api.routes.regeneration import LIVE, ProjectQuery
from app.api.schemas import Returning, SignedUrl
from app.api.signature import check, sign
from app.listing import Listing, Shape
from app.render import elsewhere, serving
from engine.faults import Damaged, NotFound
from engine.recipe import FileDigest
from sync.blobs.store import well_formed
from sync.records import AssetFacts, Take
from sync.tables import TakeRow

if TYPE_CHECKING:
    from app.studio import Studio

API: Final = "/api/v1"
CHUNK: Final = 256 * 1024
VALID: Final = 300
"""Seconds for which a signed URL can be used, unless the caller asks for fewer or more."""
LONGEST: Final = 24 * 3600
IMMUTABLE: Final = "private, max-age=31536000, immutable"
BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
PICTURES: Final = {kind: BINARY for kind in ("image/png", "image/webp", "image/jpeg", "video/mp4")}


class Size(StrEnum):
    """How large a picture is wanted: for a list, for a screen, or as it was rendered."""

    THUMB = "thumb"
    PROXY = "proxy"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Found:
    """Bytes that are here, with the media type and name that they go out under."""

    digest: FileDigest
    media_type: str
    filename: str


AssetPath = Annotated[
    str,
    Path(
        max_length=200, description="An asset (its approved take, else its newest) or a take, by id or name."
    ),
]
SizeQuery = Annotated[
    Size, Query(description="A small WebP for lists, a WebP of a screen's size, or the picture itself.")
]
UrlQuery = Annotated[bool, Query(description="Answer with a signed URL that needs no token.")]
ValidQuery = Annotated[
    int, Query(ge=1, le=LONGEST, description="Seconds for which the signed URL can be used.")
]
BackQuery = Annotated[bool, Query(description="Bring back a picture that is not here; otherwise 404.")]
DigestPath = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The digest of the bytes.")]
TypeQuery = Annotated[str, Query(max_length=100, description="The media type.")]
NameQuery = Annotated[str, Query(max_length=300, description="What the file is called.")]
ExpiresQuery = Annotated[int, Query(ge=0, le=2**40, description="When it ends, in seconds since 1970.")]
SignatureQuery = Annotated[str, Query(max_length=200, description="What makes it valid.")]
PARTS: Final[dict[int | str, dict[str, Any]]] = {
    206: {"content": PICTURES, "description": "The part that was asked for."},
    304: {"description": "You have it."},
    416: {"description": "The picture has no such part."},
}


def router(desk: Desk) -> APIRouter:
    """`/assets/{id}/content` and the `/content/{sha256}` that signed URLs lead to."""
    made = APIRouter(tags=["content"])
    _add_content(desk, made)
    _add_signed(desk, made)
    return made


def _add_content(desk: Desk, made: APIRouter) -> None:
    either = {**PICTURES, "application/json": {"schema": SignedUrl.model_json_schema()}}

    @made.get(
        "/assets/{asset}/content",
        operation_id="get_content",
        summary="Get the picture of an asset or a take.",
        responses={200: {"content": either}, 202: {"model": Returning}, **PARTS},
        response_class=Response,
    )
    async def content(
        request: Request,
        asset: AssetPath,
        size: SizeQuery = Size.FULL,
        url: UrlQuery = False,
        valid: ValidQuery = VALID,
        bring_back: BackQuery = True,
        project: ProjectQuery = None,
    ) -> Response:
        """Bytes with their SHA-256 as ETag. One that is not here is brought back: 202 with the job; ask again later."""
        studio = desk.studio(project)
        if (first := _first(studio, asset)) is not None:
            return _coming(request, first)
        row = finding.take(studio, asset)
        facts = studio.project.asset(row.asset)
        found = _found(desk, row, facts, size)
        if found is None and bring_back:
            await elsewhere.fetched(studio, _smaller(row.take, size))
            found = _found(desk, row, facts, size)
        if found is None and not bring_back:
            name = serving.name_of(row.take, facts)
            raise NotFound(f"the picture of {name} is not here", "ask with bring_back=true")
        if found is None:
            return _returning(request, desk, row, facts)
        return _signed(request, desk, found, valid) if url else _bytes(request, desk, found)


def _add_signed(desk: Desk, made: APIRouter) -> None:
    @made.get(
        "/content/{sha256}",
        operation_id="get_signed_content",
        summary="Get bytes by a signed URL, without a token.",
        responses={200: {"content": PICTURES}, **PARTS},
        response_class=Response,
        openapi_extra={"security": []},
    )
    async def signed(
        request: Request,
        sha256: DigestPath,
        type: TypeQuery,
        name: NameQuery,
        expires: ExpiresQuery,
        signature: SignatureQuery,
    ) -> Response:
        """Refused when any of it was changed, or it has ended."""
        check(desk.secret, request.url.path, request.query_params.multi_items(), desk.seconds)
        if not well_formed(sha256) or not desk.studio().blobs.has(FileDigest(sha256)):
            raise NotFound("the picture is not here any more", "ask for its content again")
        return _bytes(request, desk, Found(FileDigest(sha256), type, name))


def _found(desk: Desk, row: TakeRow, facts: AssetFacts, size: Size) -> Found | None:
    """The bytes of the wanted size, or of the next larger one where there is no smaller."""
    blobs = desk.studio().blobs
    stem, _, ending = row.take.file.rpartition("/")[2].rpartition(".")
    for digest in _smaller(row.take, size):
        if blobs.has(digest):
            return Found(digest, "image/webp", f"{stem or row.take.id}_{size}.webp")
    full = serving.present(blobs, row.take, facts)
    return (
        None if full is None else Found(full, row.take.media_type, f"{stem or row.take.id}.{ending or 'png'}")
    )


def _first(studio: Studio, wanted: str) -> Shape | None:
    """The job that makes an asset's first picture, while it is under way."""
    asset = studio.project.index.find_asset(wanted)
    if asset is None or asset.gone or asset.takes:
        return None
    rows = studio.project.index.jobs(states=LIVE, asset=asset.id, limit=1)
    return Listing(studio).job(rows[0].id) if rows else None


def _coming(request: Request, job: Shape) -> Response:
    """202: the job that makes the picture."""
    words = f"{job['asset_name']} is being rendered for the first time."
    return _later(request, job, None, max(1, round(job["eta_s"] or 1)), words)


def _later(request: Request, job: Shape, take: str | None, seconds: int, words: str) -> Response:
    value = {"job": job, "take": take, "state": job["state"], "retry_after_s": seconds, "message": words}
    where = f"{API}/regeneration/jobs/{quote(job['id'])}"
    headers = {"Retry-After": str(seconds), "Location": where, "Cache-Control": "no-store"}
    return reply(request, value, status=202, headers=headers)


def _smaller(take: Take, size: Size) -> list[FileDigest]:
    """The bytes that show a take in that size without being the picture itself, the smallest first."""
    found = {Size.THUMB: (take.thumb, take.proxy), Size.PROXY: (take.proxy,), Size.FULL: ()}[size]
    return [one for one in found if one is not None]


def _returning(request: Request, desk: Desk, row: TakeRow, facts: AssetFacts) -> Response:
    """202: it is on its way, in so many seconds as it took at first."""
    if desk.studio().elsewhere is None:
        _check_comes_back(row.take, facts)
    job = desk.returns.shape(desk.returns.begin(row.asset, row.take))
    words = f"{serving.name_of(row.take, facts)} is being brought back."
    return _later(request, job, row.take.id, max(1, round(row.take.seconds + 1)), words)


def _check_comes_back(take: Take, facts: AssetFacts) -> None:
    if take.imported:
        raise NotFound(
            f"the picture of {serving.name_of(take, facts)} came from outside and is gone",
            "import it again, or merge from a team-mate who has it",
        )


def _signed(request: Request, desk: Desk, found: Found, valid: int) -> Response:
    expires = desk.seconds + valid
    path = f"{API}/content/{found.digest}"
    query = {"type": found.media_type, "name": found.filename}
    value = {
        "url": desk.url + sign(desk.secret, path, query, expires),
        "expires": expires,
        "sha256": found.digest,
        "bytes": desk.studio().blobs.size(found.digest),
        "media_type": found.media_type,
        "filename": found.filename,
    }
    return reply(request, value, headers={"Cache-Control": "no-store"})


def _bytes(request: Request, desk: Desk, found: Found) -> Response:
    """The bytes, the part of them that was asked for, or word that the caller has them."""
    etag = f'"{found.digest}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": IMMUTABLE,
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(found.filename)}",
    }
    known = request.headers.get("if-none-match")
    if known is not None and matches(known, etag):
        return Response(status_code=304, headers=headers)
    path = _verified(desk, found.digest)
    size = path.stat().st_size
    parts = ranges(request.headers.get("range"), size, if_range=request.headers.get("if-range"), tag=etag)
    part = parts[0] if parts else range(size)
    headers["Content-Length"] = str(len(part))
    if parts:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return StreamingResponse(_read(path, part), 206 if parts else 200, headers, found.media_type)


def _verified(desk: Desk, digest: FileDigest) -> File:
    """The file, once its bytes were found to be what their name says; a damaged one is set aside and counts as gone."""
    try:
        return desk.studio().blobs.path(digest)
    except Damaged as fault:
        raise NotFound(fault.message, "ask again: it is then brought back") from fault


def _read(path: File, part: range) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(part.start)
        left = len(part)
        while left > 0 and (data := file.read(min(CHUNK, left))):
            left -= len(data)
            yield data
