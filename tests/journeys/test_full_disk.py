"""A full disk and folders that cannot be written: said plainly, work stays queued, nothing acknowledged is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.commandline import Film, run
from tests.fakes.renderer import FakeRenderer
from tests.journeys.processes import Call, Processes, processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a disk or files of a given size")
SIZE = 6_000_000


@pytest.fixture(scope="module")
def called() -> Iterator[Processes]:
    """Processes of the program."""
    with processes() as found:
        yield found


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if made.returncode:
        pytest.skip(f"a disk of its own is not allowed here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Leave so many bytes free; the file to delete to make room again."""
    ballast = disk / f"ballast-{leave}"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with ballast.open("wb") as file:
        file.write(b"\0" * max(0, free - leave))
    return ballast


def fails_plainly(film: Film, *words: str) -> dict[str, str]:
    """A command that finds no room says so."""
    error = film.error(*words, status=1)
    assert error["code"] == "no_space", error
    assert "space" in error["message"] + error["hint"] or "room" in error["message"]
    assert "Error" not in error["message"]
    return error


def facts(film: Film) -> tuple[object, ...]:
    """What must still be there."""
    return film("status")["heads"], [one["sha256"] for one in film("take", "list")["takes"]]


def on_disk(film: Film, disk: Path) -> Film:
    """The film moved to another disk."""
    shutil.copytree(film.folder, disk / "film")
    return Film(disk / "film")


@pytest.mark.parametrize("leave", [0, 5_000, 30_000])
def test_an_edit_on_a_full_disk(film: Film, disk: Path, leave: int) -> None:
    full = on_disk(film, disk)
    full("asset", "add", "prop", "LAMP", "seed=1")
    ballast = fill(disk, leave)
    done = 0
    for number in range(60):
        ran = run(
            "asset",
            "set",
            "LAMP",
            f"prompt={number} " + "lamp " * 900,
            "--json",
            "--project",
            str(full.folder),
        )
        if ran.status:
            assert ran.value["error"]["code"] == "no_space", ran.out
            break
        done += 1
    else:
        pytest.fail("the disk was never full")
    ballast.unlink()
    assert full("asset", "show", "LAMP")["version"] == done + 1
    full("asset", "set", "LAMP", "prompt=after")
    run("verify", "--repair", "--project", str(full.folder))
    assert full("verify")["faults"] == []


@pytest.mark.parametrize("leave", [0, 20_000, 70_000, 120_000])
def test_a_render_on_a_full_disk_stays_queued(film: Film, called: Processes, disk: Path, leave: int) -> None:
    full = on_disk(film, disk)
    full("asset", "add", "prop", "LAMP", "seed=1", "prompt=a lamp")
    full("render", "LAMP")
    before = facts(full)
    ballast = fill(disk, leave)
    words = ["render", "LAMP", "--wait", "--json", "--project", str(full.folder)]
    [ran] = called.together([Call(words)])
    if ran.status:
        assert ran.value["error"]["code"] == "no_space", ran.out
        ballast.unlink()
        [job] = full("jobs")["jobs"]
        assert job["state"] in ("pending", "owned"), "the claim of a process that is gone holds nobody up"
        assert not job["attempts"], "a full disk is no fault of the job"
        assert facts(full)[1] == before[1]
    ballast.unlink(missing_ok=True)
    [ran] = called.together([Call(words)])
    assert ran.status == 0, ran.out
    assert [one["asset_name"] for one in full("take", "list")["takes"]] == ["LAMP"]
    run("verify", "--repair", "--project", str(full.folder))
    assert full("verify")["faults"] == []


@pytest.mark.parametrize("leave", [0, 40_000])
def test_a_fetch_on_a_full_disk(shot: Film, press: list[FakeRenderer], disk: Path, leave: int) -> None:
    full = on_disk(shot, disk)
    before = facts(full)[1]
    full("storage", "drop", "--all")
    ballast = fill(disk, leave)
    for _ in range(2):
        fails_plainly(full, "storage", "fetch", "--all")
    ballast.unlink()
    assert facts(full)[1] == before
    assert all(one["identical"] for one in full("storage", "fetch", "--all")["takes"])
    assert full("verify")["faults"] == []


def test_looking_needs_no_room(shot: Film, press: list[FakeRenderer], disk: Path) -> None:
    full = on_disk(shot, disk)
    fill(disk, 0)
    for words in (
        ("status",),
        ("asset", "list"),
        ("asset", "show", "SH010"),
        ("take", "list"),
        ("jobs",),
        ("verify",),
    ):
        ran = run(*words, "--json", "--project", str(full.folder))
        assert ran.status == 0 or ran.value["error"]["code"] == "no_space", (words, ran.out)


def test_dropping_pictures_makes_room_on_a_full_disk(
    shot: Film, press: list[FakeRenderer], disk: Path
) -> None:
    full = on_disk(shot, disk)
    fill(disk, 300_000)
    assert full("storage", "drop", "--all")["freed_bytes"] > 0


def test_beginning_a_film_on_a_full_disk(disk: Path, tmp_path: Path) -> None:
    for leave in (0, 10_000, 50_000):
        ballast = fill(disk, leave)
        ran = run("init", str(disk / "film"), "--json")
        assert ran.status in (0, 1)
        if ran.status:
            assert ran.value["error"]["code"] == "no_space", ran.out
        ballast.unlink()
    run("init", str(disk / "film"), "--json")
    Film(disk / "film")("asset", "add", "prop", "LAMP", "seed=1")


@pytest.mark.parametrize("words", [("asset", "set", "MIRA", "prompt=x"), ("render", "MIRA", "--wait"),
                                   ("storage", "fetch", "--all"), ("status",), ("verify",), ("asset", "list")],
                         ids=lambda words: " ".join(words[:2]))  # fmt: skip
@pytest.mark.parametrize("largest", [0, 4096, 50_000])
def test_a_limit_on_the_size_of_files(
    shot: Film, press: list[FakeRenderer], called: Processes, words: tuple[str, ...], largest: int
) -> None:
    before = facts(shot)[1]
    if words[0] == "storage":
        shot("storage", "drop", "--all")
    [ended] = called.together([Call([*words, "--json", "--project", str(shot.folder)], largest=largest)])
    assert ended.status in (0, 1), ended.out
    if ended.status == 1 and words != ("verify",):
        assert ended.value["error"]["code"] == "no_space", ended.out
    assert facts(shot)[1][: len(before)] == before  # type: ignore[index, arg-type]
    shot("render", "MIRA", "--wait")
    shot("storage", "fetch", "--all")
    run("verify", "--repair", "--project", str(shot.folder))
    assert shot("verify")["faults"] == []


def test_a_home_on_a_full_disk(
    film: Film, disk: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(own_home, disk / "home")
    monkeypatch.setenv("RESTRIKE_HOME", str(disk / "home"))
    film("asset", "add", "prop", "LAMP", "seed=1")
    ballast = fill(disk, 0)
    for words in (("asset", "set", "LAMP", "prompt=x"), ("asset", "set", "LAMP", "prompt=y")):
        ran = run(*words, "--json", "--project", str(film.folder))
        assert ran.status == 0 or ran.value["error"]["code"] == "no_space", ran.out
    ballast.unlink()
    film("asset", "set", "LAMP", "prompt=z")
    assert film("verify")["faults"] == []


def test_a_home_that_is_missing_or_no_folder(
    shot: Film, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = own_home.parent / "file"
    in_the_way.write_text("")
    for home in (in_the_way, in_the_way / "deeper", Path("/proc/nowhere"), Path("/dev/null")):
        monkeypatch.setenv("RESTRIKE_HOME", str(home))
        for words in (
            ("status",),
            ("asset", "set", "MIRA", "prompt=x"),
            ("verify",),
            ("render", "MIRA", "--wait"),
        ):
            ran = run(*words, "--json", "--project", str(shot.folder))
            assert ran.status in (1, 3, 5), (home, words, ran.out)
            error = ran.value["error"]
            assert error["code"] != "unexpected", (home, words, ran.out)
            assert str(home) in error["message"] + error["hint"], error
        assert run("doctor", "--json").status == 1
    in_the_way.unlink()
    monkeypatch.setenv("RESTRIKE_HOME", str(own_home.parent / "new"))
    assert shot("asset", "list")["assets"], "another device may look"
    error = shot.error("asset", "set", "MIRA", "prompt=x", status=5)
    assert "member" in error["message"]
    shutil.rmtree(own_home.parent / "new")


def test_a_read_only_disk(shot: Film, press: list[FakeRenderer], disk: Path) -> None:
    full = on_disk(shot, disk)
    before = facts(full)
    made = subprocess.run(
        ["mount", "-o", "remount,ro", str(disk)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"a read-only disk is not allowed here: {made.stderr.strip()}")
    for words in (
        ("status",),
        ("asset", "list"),
        ("asset", "set", "MIRA", "prompt=x"),
        ("render", "MIRA", "--wait"),
        ("verify",),
        ("storage", "drop", "--all"),
        ("take", "export", "BAY", "/tmp/none/x.png"),
    ):
        ran = run(*words, "--json", "--project", str(full.folder))
        if ran.status:
            assert ran.status in (1, 3, 5)
            assert ran.value["error"]["code"] != "unexpected", (words, ran.out)
            assert "damaged" not in ran.value["error"]["code"], (words, ran.out)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert facts(full) == before
    assert full("verify")["faults"] == []
