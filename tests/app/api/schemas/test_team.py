"""What the commands of the team answer is what their models say."""

from __future__ import annotations

from app.studio import Studio
from tests.app.api.schemas.wire import answer


async def test_the_team_is_what_its_models_say(studio: Studio) -> None:
    made = await answer(studio, "invite", role="viewer")
    assert made["role"] == "viewer"
    studio.project.team.knocked(bytes(range(32)), "Vera")
    [knock] = (await answer(studio, "admit"))["knocks"]
    admitted = await answer(studio, "admit", key=knock["key"])
    assert admitted["admitted"]["name"] == "Vera"
    assert len((await answer(studio, "members"))["invites"]) == 1
    assert (await answer(studio, "revoke", what=made["ticket"]))["what"] == "ticket"
    assert (await answer(studio, "revoke", what="Vera", dry_run=True))["dry_run"]
    assert (await answer(studio, "revoke", what="Vera"))["what"] == "member"
    assert len((await answer(studio, "members"))["removed"]) == 1
    assert (await answer(studio, "adopt"))["withheld"] == []
