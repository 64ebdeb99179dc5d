"""What every carrier does, and what is a folder's own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from engine.faults import BadField, NotFound
from sync.carriers import Carrier, CarrierUnreachable, FolderCarrier
from tests.sync.relay.stage import visitors


@pytest.fixture(params=["folder", "relay"])
async def carrier(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Carrier]:
    async with AsyncExitStack() as stack:
        if request.param == "relay":
            [visitor] = await stack.enter_async_context(visitors(tmp_path, 1))
            yield visitor.client
        else:
            yield FolderCarrier(tmp_path)


async def test_what_was_put_is_listed_and_given_back(carrier: Carrier) -> None:
    await carrier.put("aa/1", b"one")
    await carrier.put("ab/2", bytes(1_000_000))
    await carrier.put("aa/1", b"one again")
    assert [one for one in await carrier.names() if not one.startswith("relay")] == ["aa/1", "ab/2"]
    assert await carrier.names("ab") == ["ab/2"]
    assert await carrier.get("aa/1") == b"one again"


async def test_what_was_deleted_is_gone(carrier: Carrier) -> None:
    await carrier.put("aa/1", b"one")
    await carrier.delete("aa/1")
    await carrier.delete("aa/1")
    assert await carrier.names("aa") == []
    with pytest.raises(NotFound):
        await carrier.get("aa/1")


async def test_half_a_file_and_strange_files_are_no_objects(tmp_path: Path) -> None:
    carrier = FolderCarrier(tmp_path)
    await carrier.put("aa/1", b"one")
    (tmp_path / "aa" / ".part-xyz").write_bytes(b"half")
    (tmp_path / "aa" / "1 (conflicted copy)").write_bytes(b"?")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "2").write_bytes(b"?")
    (tmp_path / "Thumbs.db").write_bytes(b"?")
    assert await carrier.names() == ["aa/1"]


@pytest.mark.parametrize(
    "name", ["../up", "/etc/passwd", "a//b", "", ".a", "a/../b", "A", "a\nb", "a/b/c/d/e"]
)
async def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    carrier = FolderCarrier(tmp_path)
    for call in (carrier.put(name, b""), carrier.get(name), carrier.delete(name)):
        with pytest.raises(BadField):
            await call


async def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    carrier = FolderCarrier(tmp_path / "disk")
    for call in (carrier.put("a", b""), carrier.names(), carrier.get("a"), carrier.delete("a")):
        with pytest.raises(CarrierUnreachable, match="disk"):
            await call
    assert not (tmp_path / "disk").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CarrierUnreachable):
        await FolderCarrier(tmp_path).put("a", b"")


async def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "aa").write_bytes(b"")
    with pytest.raises(CarrierUnreachable):
        await FolderCarrier(tmp_path).put("aa/1", b"")
