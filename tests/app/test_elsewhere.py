"""What other machines render: how far it is, how it looks, and what is shown of it here."""

from __future__ import annotations

from pathlib import Path

from app import elsewhere
from app.elsewhere import Elsewhere
from app.listing import Listing
from sync.presence import Doing, Present, Preview
from tests.app.colleagues import colleague
from tests.app.studios import add, ask, film

WEBP = b"RIFF\x00\x00\x00\x00WEBP" + b"a picture"


async def test_a_render_elsewhere_is_told_once_for_each_step_and_picture(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        asset = await add(studio, "prop", "LAMP")
        [asked] = ask(studio, "LAMP")
        looks = Elsewhere(studio)
        assert looks.look() == ([], set())
        async with colleague(studio) as ben:
            ben.says(Present(doing=Doing(asked.job, asset, "rendering", 3, 8)))
            [one], turned = looks.look()
            assert (one.doing.step, one.picture, turned) == (3, None, {asked.job})
            assert looks.look() == ([], set())
            ben.shows(asked.job, WEBP)
            [one], turned = looks.look()
            assert turned == set()
            assert str(one.picture).startswith("data:image/webp;base64,UklGR")
            assert elsewhere.seen(studio).keys() == {asked.job}
            assert Listing(studio).job(asked.job)["preview"] == one.picture
            ben.says(Present())
            assert looks.look() == ([], {asked.job})
            assert "preview" not in Listing(studio).job(asked.job)


async def test_a_job_that_is_not_known_here_is_not_shown(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, colleague(studio) as ben:
        ben.says(Present(doing=Doing("nobody asked for it", "x", "rendering")))
        assert list(elsewhere.renders(studio)) == []


def test_only_a_webp_is_a_picture() -> None:
    assert elsewhere.picture(None) is None
    assert elsewhere.picture(Preview("j", b"<svg onload=x>")) is None
    assert elsewhere.picture(Preview("j", WEBP)) is not None
