"""Every command says the same whether it opens the project itself or asks the program that has it open."""

from __future__ import annotations

import difflib
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.commands.table import COMMANDS
from tests.app.commandline import Film, Ran, run
from tests.app.commands.test_histories import fork
from tests.fakes.renderer import FakeRenderer
from tests.journeys.serving import ROOT, serving

LINES: Sequence[str] = (
    "status",
    "asset list",
    "asset list --kind shot --limit 1",
    "asset list --limit 2",
    "asset list --limit 0",
    "asset list --limit 2000",
    "asset list --limit -1",
    "asset list --offset 1 --limit 1",
    "take list --offset 2",
    "jobs --limit 1",
    "asset show SH010",
    "asset show sh010",
    "asset show NOBODY",
    "asset show no/body",
    "asset add prop LANTERN --note first prompt=brass seed=9",
    "asset add prop LANTERN seed=9",
    "asset add prop FRAMED --from-image {out}/mira.png",
    "asset add prop GONE --from-image {out}/none.png",
    "asset add prop BROKEN --from-image {out}/broken.png",
    "asset add prop PLAIN --from-image {out}/plain.png prompt=a",
    "asset set MIRA prompt=green --note greener",
    "asset set MIRA prompt=green",
    "asset set MIRA prompt=red --expect-version 1",
    "asset set MIRA steps=0",
    "asset set MIRA colour=red",
    "asset set LANTERN tier=high --input BAY:style",
    "asset set LANTERN --drop-input BAY",
    "asset rename LANTERN LAMP",
    "asset rename LAMP MIRA",
    "asset remove BAY --dry-run",
    "asset remove LAMP --dry-run",
    "asset remove LAMP",
    "asset remove LAMP",
    "asset list --removed",
    "asset remove LAMP --undo",
    "asset history MIRA",
    "asset diff MIRA v01 v02",
    "asset diff MIRA v01 v09",
    "asset restore MIRA v01",
    "asset restore MIRA v01",
    "asset forks",
    "asset resolve MIRA",
    "asset resolve BAY --take-from v02",
    "template save SH010 {out}/t.json",
    "template save SH010 {out}",
    "template save SH010 {out}/nowhere/t.json",
    "template apply {out}/t.json --dry-run",
    "template apply {out}/changed.json",
    "template apply {out}/none.json",
    "template apply {out}/broken.json",
    "template apply {out}/other.json",
    "render --stale --dry-run",
    "render LAMP",
    "jobs",
    "jobs --all",
    "render MIRA BAY --count 2",
    "render",
    "jobs pause",
    "jobs",
    "jobs resume",
    "job show {job}",
    "job show 00",
    "job why {job}",
    "job vote {job} -1",
    "job vote {job}",
    "job claim {job}",
    "job release {job}",
    "job cancel {job}",
    "job retry {job}",
    "render SH010 --wait",
    "members",
    "invite --role king",
    "invite --uses 0",
    "admit",
    "admit --decline",
    "admit --forgive",
    "admit 1f3a90bc --forgive",
    "admit 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f --role viewer --name Vera",
    "members",
    "revoke vera --dry-run",
    "revoke Vera",
    "revoke Vera",
    "revoke nobody",
    "members",
    "adopt",
    "adopt --discard",
    "adopt 0000-0000",
    "invite --expires soon",
    "peers",
    "export {out}/film.rsx",
    "import {out}/film.rsx",
    "import {out}/plain.png",
    "take list",
    "take list MIRA",
    "take list --missing",
    "take show {take}",
    "take show {file}",
    "take show nothing",
    "take export {take} {out}/one.png",
    "take export {take} {out}/one.png",
    "take export {take} {out}/one.png --force",
    "take export {take} {out}",
    "take export {take} {out}",
    "take export {take} {out}/nowhere/one.png",
    "take approve {take}",
    "take approve {take} --withdraw",
    "take compare MIRA BAY --out {out}/both.png",
    "take compare MIRA MIRA",
    "take prove {take}",
    "take prove --all",
    "take prove",
    "storage report",
    "storage drop {take} --dry-run",
    "storage drop {take}",
    "take list --missing",
    "take export {take} {out}/again.png",
    "storage drop --all --prove",
    "storage fetch --all",
    "storage fetch --all",
    "storage fetch",
    "model list",
    "model add {models}/starter-v1 --name other",
    "model add {out}/nowhere",
    "model verify",
    "model verify nothing",
    "model supersede starter-v1 starter-v2",
    "model supersede starter-v2 starter-v2",
    "verify",
    "verify --repair",
    "status",
)


@dataclass(frozen=True)
class Side:
    """One of two equal projects, with the home of its owner and a folder for what is written."""

    folder: Path

    def __call__(self, patch: pytest.MonkeyPatch, words: Sequence[str], *wishes: str) -> Ran:
        patch.setenv("RESTRIKE_HOME", str(self.folder / "home"))
        patch.chdir(self.folder)
        return run(*(self._filled(word, patch) for word in words), *wishes, "--project", "film")

    def _filled(self, word: str, patch: pytest.MonkeyPatch) -> str:
        for name in ("job", "take", "file"):
            if f"{{{name}}}" in word:
                word = word.replace(f"{{{name}}}", self._known(name))
        return word.replace("{out}", "out").replace("{models}", str(ROOT / "resources" / "models"))

    def _known(self, name: str) -> str:
        if name == "job":
            [first, *_] = run("jobs", "--all", "--json", "--project", "film").value["jobs"]
            return str(first["id"])
        takes = run("take", "list", "MIRA", "--json", "--project", "film").value["takes"]
        return str(takes[0]["id"] if name == "take" else takes[0]["filename"].removesuffix(".png"))


def _alike(ran: Ran, side: Side) -> list[str]:
    """What a call left behind, line by line; ids and digests by the order in which they come, nothing of times."""
    known: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        return known.setdefault(found[0], f"<{len(known)}>")

    def alike(text: str) -> str:
        text = text.replace(str(side.folder), "FOLDER")
        text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d\.\d+Z)?", "TIME", text)
        text = re.sub(r'("seconds": |"eta_s": |"bytes": |_bytes": )[\d.]+', r"\1N", text)
        text = re.sub(r"\b\d+(\.\d+)? (s|B|kB)\b|\b[\d,]+ bytes|\d+ %", "N", text)
        text = re.sub(r'("worker": |"owner": )"\w+"', r"\1SESSION", text)
        return re.sub(
            r"\b([a-z2-7]{26}|(?=[a-z]*\d)[a-z0-9]{10,})\b|^[a-z]{10}(?=  )", numbered, text, flags=re.M
        )

    return [f"exit status {ran.status}", *alike(ran.out).splitlines(), *alike(ran.err).splitlines()]


@pytest.fixture
def sides(shot: Film, own_home: Path, tmp_path: Path) -> tuple[Side, Side]:
    """Two equal projects, in one of which MIRA is forked as well."""
    fork(shot, "BAY", prompt="sea at noon")
    out = tmp_path / "out"
    out.mkdir()
    take = shot("take", "list", "MIRA")["takes"][0]
    shutil.copyfile(take["file"], out / "mira.png")
    _plain_picture(out / "plain.png")
    (out / "broken.png").write_bytes((out / "mira.png").read_bytes()[:60])
    shot("template", "save", "MIRA", str(out / "saved.json"))
    saved = json.loads((out / "saved.json").read_text())
    saved["assets"][0]["fields"]["prompt"] = "a traveller at noon"
    (out / "changed.json").write_text(json.dumps(saved))
    (out / "broken.json").write_text("{")
    (out / "other.json").write_text('{"format": "other"}')
    for name in ("here", "there"):
        for part, source in (("film", shot.folder), ("home", own_home), ("out", out)):
            shutil.copytree(source, tmp_path / name / part)
    return Side(tmp_path / "here"), Side(tmp_path / "there")


def _plain_picture(path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (16, 16), (200, 10, 10)).save(path)


@pytest.mark.parametrize("wishes", [("--json",), ()], ids=["json", "text"])
def test_all_commands_say_the_same_both_ways(
    sides: tuple[Side, Side],
    press: list[FakeRenderer],
    wishes: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, there = sides
    different: list[str] = []
    with serving(there.folder / "film", there.folder / "home"):
        for line in LINES:
            own = _alike(here(monkeypatch, line.split(" "), *wishes), here)
            other = _alike(there(monkeypatch, line.split(" "), *wishes), there)
            different += difflib.unified_diff(own, other, f"here: {line}", f"there: {line}", lineterm="", n=1)
    assert not different, "\n".join(different)


def test_all_commands_that_can_go_through_the_api_are_tried() -> None:
    tried = {entry.words for entry in COMMANDS for line in LINES if f"{line} ".startswith(f"{entry.words} ")}
    assert tried == {entry.words for entry in COMMANDS if not entry.local}


def test_a_killed_program_leaves_an_address_that_nobody_minds(
    sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, side = sides
    with serving(side.folder / "film", side.folder / "home") as process:
        process.kill()
        process.wait()
        assert (side.folder / "film" / ".restrike" / "api.json").exists()
        assert side(monkeypatch, ["jobs", "pause"]).status == 0
        assert "Project" in side(monkeypatch, ["status"]).out
