"""Damage on the disk: it is found, named and set aside, what is whole stays, and every command goes on."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.app.commandline import Film, Ran, run
from tests.fakes.renderer import FakeRenderer

COMMANDS = (
    ("status",),
    ("asset", "list"),
    ("asset", "show", "SH010"),
    ("asset", "history", "SH010"),
    ("jobs",),
    ("take", "list"),
    ("storage", "report"),
    ("model", "list"),
    ("doctor",),
    ("verify",),
    ("asset", "set", "MIRA", "prompt=a green traveller"),
    ("storage", "fetch", "--all"),
    ("render", "MIRA", "--wait"),
    ("status",),
)  # fmt: skip

BRIEFLY = (COMMANDS[0], COMMANDS[2], COMMANDS[9], COMMANDS[10], COMMANDS[12])


def private(film: Film, name: str) -> Path:
    """A file of the private folder."""
    return film.folder / ".restrike" / name


def call(film: Film, *words: str) -> Ran:
    """A command that may fail, and never by surprise."""
    ran = run(*words, "--json", "--project", str(film.folder))
    assert ran.status in (0, 1, 2, 3, 4, 5), (words, ran.status)
    assert "Traceback" not in ran.err
    if "error" in ran.value:
        assert ran.value["error"]["code"] != "unexpected", (words, ran.out)
        assert ran.value["error"]["hint"]
    return ran


def found(film: Film) -> set[str]:
    """The kinds of faults that verify names."""
    return {one["what"] for one in call(film, "verify").value["faults"]}


def overwrite(path: Path, at: int, data: bytes) -> None:
    """Change bytes in the middle of a file, whatever its mode."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def flip(path: Path, at: int) -> None:
    """Turn one bit of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    overwrite(path, at, bytes(data[at : at + 1]))


# --- pictures ---


def blob_of(film: Film, name: str) -> tuple[dict[str, object], Path]:
    """The newest take of an asset and the file of its picture in the store."""
    take = film("take", "list", name)["takes"][-1]
    return take, private(film, "blobs") / take["sha256"][:2] / take["sha256"]


def _truncate(path: Path, other: Path) -> None:
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size // 2)


def _empty(path: Path, other: Path) -> None:
    path.chmod(0o644)
    os.truncate(path, 0)


def _flip(path: Path, other: Path) -> None:
    flip(path, path.stat().st_size // 2)


def _flip_text(path: Path, other: Path) -> None:
    flip(path, 60)


def _swap(path: Path, other: Path) -> None:
    path.unlink()
    shutil.copy(other, path)


def _grow(path: Path, other: Path) -> None:
    overwrite(path, path.stat().st_size, b"more")


@pytest.mark.parametrize("harm", [_truncate, _empty, _flip, _flip_text, _swap, _grow])
def test_a_damaged_picture_is_set_aside_and_rendered_again(
    shot: Film, press: list[FakeRenderer], harm: Callable[[Path, Path], None]
) -> None:
    take, path = blob_of(shot, "BAY")
    _, other = blob_of(shot, "MIRA")
    whole = path.read_bytes()
    harm(path, other)
    broken = path.read_bytes()
    faults = call(shot, "verify").value["faults"]
    assert take["sha256"] in {one["id"] for one in faults if one["what"] == "blob"}
    aside = private(shot, "blobs") / "damaged"
    assert broken in [one.read_bytes() for one in aside.iterdir()], "set aside, not thrown away"
    assert not path.exists(), "and never served"
    shot.folder.joinpath(str(take["file"])).unlink()
    back = shot("storage", "fetch", "BAY")
    assert [one["identical"] for one in back["takes"]] == [True]
    assert path.read_bytes() == whole
    assert Path(str(take["file"])).read_bytes() == whole
    assert found(shot) == set()


@pytest.mark.parametrize("harm", [_truncate, _flip, _swap])
def test_a_damaged_picture_is_never_served_before_anybody_verified(
    shot: Film, press: list[FakeRenderer], tmp_path: Path, harm: Callable[[Path, Path], None]
) -> None:
    take, path = blob_of(shot, "BAY")
    _, other = blob_of(shot, "MIRA")
    harm(path, other)
    shot("take", "export", "BAY", str(tmp_path / "bay.png"))
    assert hashlib.sha256((tmp_path / "bay.png").read_bytes()).hexdigest() == take["sha256"]
    assert len(press) == 1, "it was rendered again"


@pytest.mark.parametrize("harm", [_truncate, _flip, _swap])
def test_a_fetch_sees_a_damaged_picture_itself(
    shot: Film, press: list[FakeRenderer], harm: Callable[[Path, Path], None]
) -> None:
    take, path = blob_of(shot, "BAY")
    _, other = blob_of(shot, "MIRA")
    harm(path, other)
    shot.folder.joinpath(str(take["file"])).unlink()
    call(shot, "storage", "fetch", "BAY")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == take["sha256"]
    assert hashlib.sha256(Path(str(take["file"])).read_bytes()).hexdigest() == take["sha256"]


def test_a_damaged_input_feeds_nothing(shot: Film, press: list[FakeRenderer]) -> None:
    take, path = blob_of(shot, "BAY")
    flip(path, path.stat().st_size // 2)
    shot("asset", "set", "SH010", "prompt=close shot")
    call(shot, "render", "SH010", "--wait")
    newest = shot("take", "list", "SH010")["takes"][-1]
    if newest["consumed"]:
        assert [one["sha256"] for one in newest["consumed"]] == [take["sha256"]]
    assert not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() == take["sha256"]


def test_a_changed_file_in_the_films_folder_is_named_and_left(shot: Film, press: list[FakeRenderer]) -> None:
    take, _ = blob_of(shot, "BAY")
    file = Path(str(take["file"]))
    file.unlink()
    file.write_bytes(b"somebody drew a moustache")
    [fault] = call(shot, "verify").value["faults"]
    assert (fault["what"], fault["id"]) == ("changed file", take["id"])
    call(shot, "verify", "--repair")
    call(shot, "storage", "fetch", "--all")
    assert file.read_bytes() == b"somebody drew a moustache"


def test_a_name_that_became_a_link_to_elsewhere_is_not_written_through(
    shot: Film, press: list[FakeRenderer], tmp_path: Path
) -> None:
    take, _ = blob_of(shot, "BAY")
    folder = Path(str(take["file"])).parent
    shutil.rmtree(folder)
    outside = tmp_path / "outside"
    outside.mkdir()
    folder.symlink_to(outside)
    for words in (
        ("verify",),
        ("verify", "--repair"),
        ("storage", "fetch", "BAY"),
        ("render", "BAY", "--wait"),
    ):
        call(shot, *words)
    call(shot, "asset", "set", "BAY", "prompt=night")
    call(shot, "render", "BAY", "--wait")
    assert list(outside.iterdir()) == []


# --- documents ---


def everything(film: Film) -> dict[str, object]:
    """All that is known of the film's assets and takes."""
    names = sorted(one["name"] for one in film("asset", "list")["assets"])
    keys = {name: film("asset", "history", name)["versions"] for name in names}
    return {"versions": keys, "takes": [one["sha256"] for one in film("take", "list")["takes"]]}


def _go_on(film: Film, commands: Sequence[tuple[str, ...]] = BRIEFLY) -> None:
    """Commands answer, again and again, and the film can be worked on."""
    for words in commands:
        ran = call(film, *words)
        if words[0] not in ("verify", "doctor"):
            assert ran.status == 0, (words, ran.out)


@pytest.mark.parametrize("name", ["index.db", "log.db"])
@pytest.mark.parametrize("place", [0.0, 0.02, 0.3, 0.6, 0.95])
def test_a_corrupt_page_costs_nothing(shot: Film, press: list[FakeRenderer], name: str, place: float) -> None:
    before = everything(shot)
    path = private(shot, name)
    size = path.stat().st_size
    overwrite(path, int(size * place) // 4096 * 4096, b"\xa5" * 4096)
    first = call(shot, "verify")
    assert everything(shot) == before
    if name == "log.db":
        noted = found(shot)
        assert first.value.get("faults") or noted, "a damaged log is named"
    _go_on(shot)
    assert everything(shot)["takes"][: len(before["takes"])] == before["takes"]  # type: ignore[index, arg-type]


@pytest.mark.parametrize("name", ["index.db", "log.db"])
@pytest.mark.parametrize("length", [0, 100, 4096, 0.6])
def test_a_truncated_file_costs_nothing(
    shot: Film, press: list[FakeRenderer], name: str, length: float
) -> None:
    before = everything(shot)
    path = private(shot, name)
    os.truncate(path, int(length if length >= 1 or length == 0 else path.stat().st_size * length))
    assert everything(shot) == before
    if name == "log.db":
        assert found(shot), "a damaged log is named"
    _go_on(shot)


@pytest.mark.parametrize(
    "gone", [("index.db",), ("log.db",), ("index.db", "blobs"), ("blobs",)], ids=" ".join
)
def test_a_missing_file_costs_nothing_that_can_be_rendered(
    shot: Film, press: list[FakeRenderer], gone: tuple[str, ...]
) -> None:
    before = everything(shot)
    for name in gone:
        path = private(shot, name)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert everything(shot) == before
    _go_on(shot)
    if "blobs" in gone:
        assert call(shot, "storage", "fetch", "--all").status == 0
        for one in before["takes"]:  # type: ignore[attr-defined]
            assert hashlib.sha256((private(shot, "blobs") / one[:2] / one).read_bytes()).hexdigest() == one


def test_both_databases_destroyed_is_said_again_and_again(shot: Film, press: list[FakeRenderer]) -> None:
    for name in ("log.db", "index.db"):
        private(shot, name).write_bytes(b"no database " * 2000)
    for words in (*COMMANDS, *COMMANDS):
        if words == ("doctor",):
            continue
        ran = call(shot, *words)
        assert ran.status == 1, words
        assert ran.value["error"]["code"] in ("damaged", "database_damaged")
    error = call(shot, "init", str(shot.folder)).value["error"]
    assert error["code"] == "damaged", "nobody begins another film over it by mistake"
    kept = list(private(shot, "quarantine").iterdir())
    assert len([one for one in kept if one.suffix == ".db"]) == 2, "set aside once, not once a command"


def test_a_backup_put_back_after_both_were_destroyed_is_opened(
    shot: Film, press: list[FakeRenderer], tmp_path: Path
) -> None:
    before = everything(shot)
    shutil.copytree(private(shot, "."), tmp_path / "backup")
    for name in ("log.db", "index.db"):
        private(shot, name).write_bytes(b"no database " * 2000)
    assert call(shot, "status").status == 1
    shutil.copy(tmp_path / "backup" / "log.db", private(shot, "log.db"))
    assert everything(shot) == before
    assert call(shot, "asset", "set", "MIRA", "prompt=after all").status == 0
    assert call(shot, "asset", "show", "MIRA").value["version"] == 2


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_rubbish_beside_the_log_costs_nothing(shot: Film, press: list[FakeRenderer], suffix: str) -> None:
    before = everything(shot)
    for name in ("log.db", "index.db"):
        private(shot, name + suffix).write_bytes(b"\x37\x7f\x06\x82" + b"rubbish" * 3000)
    assert everything(shot) == before
    _go_on(shot)


def test_a_wal_that_is_lost_after_a_crash_is_noticed(
    shot: Film, press: list[FakeRenderer], tmp_path: Path
) -> None:
    """The files as a killed process leaves them, of which the log's last part is then lost."""
    holder = [sqlite3.connect(private(shot, name)) for name in ("log.db", "index.db")]
    for one in holder:
        one.execute("SELECT * FROM sqlite_master").fetchall()
    shot("asset", "set", "MIRA", "prompt=a red traveller")
    before = everything(shot)
    shutil.copytree(private(shot, "."), tmp_path / "crashed")
    for one in holder:
        one.close()
    shutil.rmtree(private(shot, "."))
    shutil.copytree(tmp_path / "crashed", private(shot, "."))
    private(shot, "log.db-wal").unlink(missing_ok=True)
    private(shot, "log.db-shm").unlink(missing_ok=True)
    assert everything(shot) == before, "the index still knew it"
    assert found(shot)
    _go_on(shot)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"stamp": "../../x", "why": ""}', '{"stamp": "x"}', "null"]
)
def test_a_broken_note_of_a_salvage_is_said_and_no_trap(
    shot: Film, press: list[FakeRenderer], content: str
) -> None:
    before = everything(shot)
    private(shot, "salvage.json").write_text(content)
    for words in BRIEFLY:
        ran = call(shot, *words)
        if ran.status and "error" in ran.value:
            assert "salvage.json" in ran.value["error"]["message"] + ran.value["error"]["hint"]
    private(shot, "salvage.json").unlink(missing_ok=True)
    now = everything(shot)
    assert now["takes"][: len(before["takes"])] == before["takes"]  # type: ignore[index, arg-type]


# --- what surrounds a film ---


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"public": 3}', '{"public": "AAAA"}', "\x00" * 100]
)
def test_a_broken_device_file_is_said(shot: Film, own_home: Path, content: str) -> None:
    (own_home / "device.json").write_text(content)
    for words in BRIEFLY:
        error = call(shot, *words).value["error"]
        assert "device.json" in error["message"]
        assert (own_home / "device.json").read_text() == content, "it is left for its owner to mend"
    call(shot, "doctor")


@pytest.mark.parametrize("key", ["AAAA", "not base64!", 7, [], ""])
def test_a_broken_private_key_is_said_when_it_is_needed(shot: Film, own_home: Path, key: object) -> None:
    path = own_home / "device.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "key": key}))
    assert call(shot, "asset", "list").status in (0, 1)
    error = call(shot, "asset", "set", "MIRA", "prompt=x").value["error"]
    assert "device.json" in error["message"]


def test_a_key_that_does_not_fit_its_public_half_signs_nothing(shot: Film, own_home: Path) -> None:
    path = own_home / "device.json"
    other = "A" * 43 + "="
    path.write_text(json.dumps({**json.loads(path.read_text()), "key": other}))
    before = shot("status")["heads"]
    error = call(shot, "asset", "set", "MIRA", "prompt=x").value["error"]
    assert "device.json" in error["hint"]
    assert shot("status")["heads"] == before


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"threads": 0}', '{"threads": "x"}', '{"device": "gpu"}', "\x00", "[" * 100_000],
    ids=lambda text: text[:20],
)
def test_broken_settings_are_said(shot: Film, own_home: Path, content: str) -> None:
    (own_home / "settings.json").write_text(content)
    for words in BRIEFLY:
        error = call(shot, *words).value["error"]
        said = error["message"] + error["hint"]
        assert "settings.json" in said or "setting " in said
        assert (own_home / "settings.json").read_text() == content
    checks = call(shot, "doctor").value["checks"]
    assert [one["ok"] for one in checks if one["name"] == "settings"] == [False]


def test_rubbish_in_the_home_is_no_reason_to_fail(
    shot: Film, press: list[FakeRenderer], own_home: Path
) -> None:
    for folder in ("models", "logs", "unpublished"):
        (own_home / folder).mkdir(exist_ok=True)
        for one in (own_home / folder).iterdir():
            if one.is_file():
                one.write_bytes(b"\x00rubbish\xff")
        (own_home / folder / "stray.json").write_bytes(b"[" * 50_000)
    _go_on(shot, COMMANDS)


def test_the_devices_key_is_nowhere_but_in_its_file(
    shot: Film, press: list[FakeRenderer], own_home: Path, tmp_path: Path
) -> None:
    key = json.loads((own_home / "device.json").read_text())["key"]
    shot("template", "save", "SH010", str(tmp_path / "template.json"))
    said = [call(shot, *words).out for words in COMMANDS]
    call(shot, "verify", "--debug")
    secrets = (key.encode(), base64.b64decode(key), base64.b64decode(key).hex().encode())
    for path in [*shot.folder.rglob("*"), *tmp_path.glob("*.json"), *(own_home / "logs").rglob("*")]:
        if path.is_file():
            data = path.read_bytes()
            assert not any(one in data for one in secrets), path
    assert not any(key in one for one in said)
