"""One node with several devices: each has a worker, and together they do each job once."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import shift, slots
from engine.faults import BadField
from tests.app.studios import add, ask, film, takes_of


def test_devices_are_named_with_commas() -> None:
    assert slots.read("cuda:0, cuda:1") == ("cuda:0", "cuda:1")
    for wrong in ("cuda:0,,", "tpu", ",".join(["cpu"] * 17)):
        with pytest.raises(BadField, match="device"):
            slots.read(wrong)


async def test_several_work_on_one_queue_and_nothing_is_done_twice(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        for number in range(6):
            await add(studio, "prop", f"LAMP{number}", "prompt=a tower", f"seed={number}")
        ask(studio)
        async with slots.opened(studio, ("cpu", "cpu")) as both:
            assert [one.settings.device for one in both] == ["cpu", "cpu"]
            assert both[0].project.session != both[1].project.session
            done = await shift.work_all(both, lambda news: None, until_idle=True)
        studio.project.poll()
        assert len(done.finished) == 6
        assert [len(takes_of(studio, f"LAMP{number}")) for number in range(6)] == [1] * 6
        assert not done.stopped
