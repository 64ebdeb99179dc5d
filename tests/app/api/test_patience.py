"""Connections that say nothing are closed, and never so many are open that no file can be."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.api import patience
from tests.app.api.served import Served, served


async def connected(there: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", there.http.base_url.port)


@pytest.mark.parametrize("said", [b"", b"GET /docs HTTP/1.1\r\nHost: "])
async def test_who_says_nothing_whole_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)
    async with served(tmp_path / "film") as there:
        reader, writer = await connected(there)
        writer.write(said)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        assert (await there.get("/api/v1/projects"))["projects"]
        late, other = await connected(there)
        async with asyncio.timeout(5):
            assert await late.read() == b""
        other.close()  # by now a connection kept after an answer has waited as long, and is no late one
        assert (await there.get("/api/v1/projects"))["projects"]


async def test_there_are_only_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "MOST_CONNECTIONS", 8)
    async with served(tmp_path / "film") as there:
        await there.get("/api/v1/projects")
        held = [await connected(there) for _ in range(12)]
        async with asyncio.timeout(5):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await held[-1][0].readexactly(1)
        assert (await there.get("/api/v1/projects"))["projects"]
        for _, writer in held:
            writer.close()
