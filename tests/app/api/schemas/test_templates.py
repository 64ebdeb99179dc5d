"""What commands answer of templates."""

from __future__ import annotations

from app.studio import Studio
from tests.app.api.schemas.wire import answer


async def test_a_template_goes_out_and_comes_in(studio: Studio) -> None:
    saved = await answer(studio, "template save", name="SH010")
    assert saved["assets"] == ["BAY", "SH010"]
    content = saved["file"]["json"]
    assert content["assets"][1]["inputs"] == [{"asset": "BAY", "role": "environment"}]
    assert (await answer(studio, "template apply", file=content, dry_run=True))["dry_run"]
    await answer(studio, "asset set", name="BAY", parameters={"prompt": "storm"})
    assert (await answer(studio, "template apply", file=content))["assets"][0]["did"] == "new version v03"
