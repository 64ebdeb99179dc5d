"""A rendered picture becomes a take."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.render import claiming, prepare, publish, queue
from app.render.observer import Observer
from app.render.prepare import Work
from app.studio import Studio
from engine.renderer import Rendered
from sync.project import Change
from sync.rules import jobs
from tests.app.studios import Clock, add, ask, film, takes_of
from tests.fakes.renderer import FakeRenderer


async def struck(studio: Studio) -> tuple[Work, Rendered]:
    """A claimed job and its picture."""
    asset = await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
    [asked] = ask(studio, "LAMP")
    held = claiming.claim_next(studio, Observer(studio, Clock()), {})
    assert held is not None
    work = Work(
        job=held.job, epoch=held.epoch, asset=asset, name="LAMP v01", version=asked.version, item=0, tier=held.tier,
        recipe=asked.recipe, models=prepare.models(studio, asked.recipe), sources=(), provisional=False,
    )  # fmt: skip
    return work, await FakeRenderer().render(prepare.strike(studio, work), lambda progress: None)


async def test_take_and_result_are_one_change(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        work, rendered = await struck(studio)
        changes: list[Change] = []
        with studio.project.subscribe(changes.append):
            published = publish.publish(studio, work, rendered)
        assert len(changes) == 1
        assert [one[1] for one in changes[0].facts] == ["profiles", "takes", "f"]
        [(_, take)] = published.takes
        assert (take.number, take.pixels, take.profile) == (1, rendered.pixels, rendered.fingerprint.digest)
        assert studio.project.profile(take.profile)["app"] == "fake"
        assert (tmp_path / "film" / take.file).read_bytes() == rendered.picture


async def test_a_late_result_changes_nothing(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        work, rendered = await struck(studio)
        publish.publish(studio, work, rendered)
        before = studio.project.index.heads()
        assert publish.publish(studio, work, rendered).takes == ()
        assert studio.project.index.heads() == before


async def test_what_was_called_off_is_not_published(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        work, rendered = await struck(studio)
        queue.call_off(studio, work.job)
        assert publish.publish(studio, work, rendered).takes == ()
        assert takes_of(studio, "LAMP") == []
        assert jobs.view(studio.project.job(work.job)).state is jobs.State.CANCELLED


@pytest.mark.parametrize("in_the_way", ["file", "folder"])
async def test_a_file_in_the_way_is_told_apart_and_never_replaced(tmp_path: Path, in_the_way: str) -> None:
    folder = tmp_path / "film"
    async with film(folder) as studio:
        work, rendered = await struck(studio)
        place = folder / "01_Assets/Generative_Assets/Props/LAMP/LAMP_v01_take01.png"
        if in_the_way == "file":
            place.write_bytes(b"mine")
        else:
            place.mkdir()
        [(_, take)] = publish.publish(studio, work, rendered).takes
        assert (folder / take.file).read_bytes() == rendered.picture
        assert place.is_dir() or place.read_bytes() == b"mine"
