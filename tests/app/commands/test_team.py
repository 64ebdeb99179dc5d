"""invite, members, revoke, admit and adopt from the command line."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sync import identity, tickets
from sync.project import Project
from tests.app.commandline import Film

KEY = bytes(range(32))


def test_a_ticket_is_made_shown_and_called_off(film: Film) -> None:
    made = film("invite", "--role", "worker", "--uses", "3", "--expires", "7d")
    ticket = tickets.decode(made["ticket"])
    assert {"ticket", "role", "expires"} <= made.keys()
    assert (ticket.role, ticket.expires, made["uses"]) == ("worker", made["expires"], 3)
    [shown] = film("members")["invites"]
    assert (shown["id"], shown["used"]) == (made["id"], 0)
    assert made["ticket"] not in film.text("members")
    plan = film("revoke", made["ticket"], "--dry-run")
    assert (plan["what"], plan["tickets"], plan["dry_run"]) == ("ticket", [made["id"]], True)
    assert len(film("members")["invites"]) == 1
    film("revoke", made["id"])
    assert film("members")["invites"] == []
    assert "restrike join" in film.text("invite")
    assert tickets.decode(film("invite", "--device")["ticket"]).role == "owner"


def test_what_cannot_be_meant_is_refused(film: Film) -> None:
    film.error("invite", "--expires", "soon", status=2)
    film.error("invite", "--uses", "0", status=2)
    film.error("invite", "--role", "king", status=2)
    film.error("revoke", "nobody there", status=2)
    film.error("revoke", "0000-0000", status=3)
    film.error("revoke", "restrike1abc", status=2)
    film.error("admit", "0000-0000", status=3)
    film.error("adopt", "0000-0000", status=3)
    film.error("adopt", "--dry-run", status=2)


def test_members_come_and_go(film: Film) -> None:
    mine = film("members")
    [owner] = mine["members"]
    assert {"id", "name", "role", "devices"} <= owner.keys()
    assert owner["devices"] == [mine["this_device"]]
    film.error("revoke", owner["name"], status=5)
    let_in = film("admit", KEY.hex(), "--role", "viewer", "--name", "Vera")["admitted"]
    assert (let_in["name"], let_in["role"]) == ("Vera", "viewer")
    assert let_in["device"] == identity.shown(identity.device_id(KEY))
    plan = film("revoke", "vera", "--dry-run")
    assert plan["devices"] == [let_in["device"]]
    assert len(film("members")["members"]) == 2
    done = film("revoke", "Vera")
    assert {**plan, "dry_run": False, "message": done["message"]} == done
    assert "keeps" in done["still"]
    found = film("members")
    assert len(found["members"]) == 1
    [removed] = found["removed"]
    assert (removed["device"], removed["waiting"]) == (let_in["device"], 0)
    assert let_in["device"] in film.text("members")
    film("admit", KEY.hex(), "--mine")
    assert len(film("members")["members"][0]["devices"]) == 2
    film("revoke", let_in["device"].upper())
    assert film("adopt") == {"withheld": [], "adopted": 0}
    film.error("adopt", let_in["device"], status=3)


def test_who_knocks_is_shown_and_let_in(film: Film, own_home: Path) -> None:
    async def knock() -> None:
        async with Project.open(film.folder, home=own_home) as project:
            project.team.knocked(KEY, "Vera")

    assert "Nobody knocks" in film.text("admit")
    asyncio.run(knock())
    [knocking] = film("admit")["knocks"]
    assert (knocking["key"], knocking["name"]) == (KEY.hex(), "Vera")
    assert knocking["device"] in film.text("admit")
    value = film("admit", knocking["device"][:9])
    assert (value["admitted"]["name"], value["admitted"]["role"], value["knocks"]) == ("Vera", "artist", [])


def test_without_the_right_nothing_is_done(film: Film, own_home: Path, tmp_path: Path) -> None:
    film("admit", KEY.hex(), "--name", "Vera")
    (own_home / identity.FILE).rename(tmp_path / "owner.json")
    for words in (("invite",), ("invite", "--device"), ("revoke", "Vera"), ("admit", KEY.hex())):
        film.error(*words, status=5)
    assert len(film("members")["members"]) == 2


def test_a_spoken_code_needs_somebody_to_answer_it(film: Film) -> None:
    assert "serve" in film.error("invite", "--spoken", status=5)["hint"]
