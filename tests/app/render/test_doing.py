"""What workers show of their work."""

from __future__ import annotations

from pathlib import Path

from app.render.doing import Doing, Notice, seen
from sync.records import JobId
from tests.app.studios import Clock, film

JOB, OTHER = JobId("a.0"), JobId("b.0")


async def test_it_is_written_now_and_then_and_at_once_for_another_job(tmp_path: Path) -> None:
    clock = Clock()
    async with film(tmp_path / "film") as studio:
        own = {studio.project.session: True}
        notice = Notice(studio, clock)
        notice.show(Doing(JOB, "rendering", 1, 10, None))
        notice.show(Doing(JOB, "rendering", 2, 10, 4.0))
        assert seen(studio, own)[JOB].step == 1
        clock.seconds += 1
        notice.show(Doing(JOB, "rendering", 3, 10, 4.0))
        assert seen(studio, own)[JOB] == Doing(JOB, "rendering", 3, 10, 4.0)
        notice.show(Doing(OTHER, "loading model", 0, 10, None))
        assert list(seen(studio, own)) == [OTHER]
        notice.clear()
        assert seen(studio, own) == {}


async def test_a_preview_is_written_once_a_second_and_never_stays_for_another_job(tmp_path: Path) -> None:
    clock = Clock()
    async with film(tmp_path / "film") as studio:
        folder = tmp_path / "film" / ".restrike" / "doing"
        picture = folder / f"{studio.project.session}.webp"
        notice = Notice(studio, clock)
        notice.show(Doing(JOB, "rendering", 1, 10, None), b"one")
        clock.seconds += 0.5
        notice.show(Doing(JOB, "rendering", 2, 10, None), b"two")
        assert picture.read_bytes() == b"one"
        clock.seconds += 0.5
        notice.show(Doing(JOB, "rendering", 3, 10, None))
        notice.show(Doing(JOB, "rendering", 4, 10, None), b"three")
        assert picture.read_bytes() == b"three"
        notice.show(Doing(OTHER, "loading model", 0, 10, None))
        assert not picture.exists()
        notice.show(Doing(OTHER, "rendering", 1, 10, None), b"four")
        assert picture.read_bytes() == b"four"
        notice.clear()
        assert list(folder.iterdir()) == []


async def test_what_the_dead_left_is_not_believed(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        notice = Notice(studio, Clock())
        notice.show(Doing(JOB, "rendering", 1, 10, None))
        assert seen(studio, {studio.project.session: False}) == {}
        assert seen(studio, {}) == {}
        folder = tmp_path / "film" / ".restrike" / "doing"
        (folder / f"{studio.project.session}.json").write_text("{")
        assert seen(studio, {studio.project.session: True}) == {}
