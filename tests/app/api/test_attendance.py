"""Who works on the project on this machine, and at what."""

from __future__ import annotations

import base64
from pathlib import Path

from app.api.attendance import LARGEST_PREVIEW, Attendance
from app.render.doing import Doing, Notice
from sync.records import SessionId
from tests.app.studios import Clock, add, ask, film


async def test_a_notice_is_told_when_it_moves_and_when_it_is_gone(tmp_path: Path) -> None:
    clock = Clock()
    async with film(tmp_path / "film") as studio, film(tmp_path / "film") as other:
        lamp = await add(other, "prop", "LAMP")
        [asked] = ask(other)
        studio.project.poll()
        attendance = Attendance(studio)
        assert attendance.look().presence
        notice = Notice(other, clock)
        notice.show(Doing(asked.job, "rendering", 3, 12, 4.0), b"picture")
        news = attendance.look()
        [moved] = news.moved
        assert (moved.asset, moved.name, news.turned, news.presence) == (
            lamp,
            "LAMP",
            frozenset({asked.job}),
            True,
        )
        shape = attendance.progress(moved)
        assert (shape["percent"], shape["eta_s"], shape["stage"]) == (25.0, 4.0, "rendering")
        assert shape["eta"].endswith("Z")
        assert shape["preview"] == "data:image/webp;base64," + base64.b64encode(b"picture").decode()
        assert attendance.look() == type(news)()
        clock.seconds += 0.3
        notice.show(Doing(asked.job, "rendering", 4, 12, None))
        [moved] = attendance.look().moved
        assert (attendance.progress(moved)["step"], attendance.progress(moved)["eta"]) == (4, None)
        [session] = [one for one in attendance.presence()["sessions"] if one["state"] == "rendering"]
        assert session["id"] == other.project.session
        assert session["doing"] == {
            "job": asked.job, "asset": lamp, "asset_name": "LAMP", "stage": "rendering",
        }  # fmt: skip
        notice.clear()
        news = attendance.look()
        assert (news.moved, news.turned, news.presence) == ((), frozenset({asked.job}), True)


async def test_the_dead_and_the_broken_are_not_believed(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP")
        [asked] = ask(studio)
        attendance = Attendance(studio)
        folder = tmp_path / "film" / ".restrike" / "doing"
        Notice(studio, Clock()).show(Doing(asked.job, "rendering", 1, 2, None), b"x" * (LARGEST_PREVIEW + 1))
        (folder / f"{studio.project.session}.json").rename(folder / f"{SessionId('dead')}.json")
        assert not attendance.look().moved
        (folder / f"{studio.project.session}.json").write_text("{")
        assert not attendance.look().moved
        Notice(studio, Clock()).show(Doing(asked.job, "rendering", 1, 2, None), b"x" * (LARGEST_PREVIEW + 1))
        [moved] = attendance.look().moved
        assert moved.preview is None, "too large"


async def test_a_pause_is_told(tmp_path: Path) -> None:
    from app.commands.jobs import jobs_pause

    async with film(tmp_path / "film") as studio:
        attendance = Attendance(studio)
        attendance.look()
        await jobs_pause(studio)
        assert attendance.look().presence
        assert attendance.presence()["paused"] is True
