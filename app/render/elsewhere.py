"""Bytes that somebody else has: asked for before anything is rendered again.

What comes was compared with its digest, so it is the picture itself. It proves nothing about rendering, and no proof is
recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from app.render import serving
from engine.faults import Damaged, NotFound
from engine.recipe import FileDigest
from sync.records import AssetFacts, Take

if TYPE_CHECKING:
    from app.studio import Studio

FETCHED: Final = "the file itself, from another device"


async def fetched(studio: Studio, digests: Iterable[FileDigest]) -> FileDigest | None:
    """The first of these bytes that somebody gives us; they are here then, and whole."""
    if studio.elsewhere is None:
        return None
    for one in digests:
        if not await studio.elsewhere(one):
            continue
        try:
            studio.blobs.path(one)
        except (NotFound, Damaged):
            continue
        return one
    return None


def words(studio: Studio, digest: FileDigest) -> str:
    """Where bytes came from, as far as that is known."""
    exchange = studio.company.exchange if studio.company is not None else None
    givers = () if exchange is None else exchange.givers(digest)
    return f"the file itself, from {' and '.join(givers)}" if givers else FETCHED


async def shown(studio: Studio, take: Take, facts: AssetFacts) -> FileDigest | None:
    """The bytes that show a take, if somebody gives them to us; they stand in the film's folder then."""
    digest = await fetched(studio, serving.digests(take, facts))
    if digest is not None:
        serving.show_file(studio, take, digest)
    return digest
