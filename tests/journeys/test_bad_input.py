"""Bad input from the command line: refused before anything is stored, naming the field, the value, what is allowed."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from tests.app.commandline import Film, run
from tests.fakes.renderer import FakeRenderer

FIELDS = (
    ("stepz=3", "stepz", "steps"),
    ("steps=many", "steps", "many"),
    ("steps=0", "steps", "0"),
    ("steps=-4", "steps", "-4"),
    ("steps=2.5", "steps", "2.5"),
    ("steps=1e9", "steps", "1"),
    ("steps=" + "9" * 5000, "steps", "9"),
    ("guidance=nan", "guidance", "nan"),
    ("guidance=inf", "guidance", "inf"),
    ("guidance=-1", "guidance", "-1"),
    ("strength=0", "strength", "0"),
    ("strength=1.01", "strength", "1.01"),
    ("seed=-1", "seed", "-1"),
    ("seed=1.5", "seed", "1.5"),
    (f"seed={2**64}", "seed", str(2**64)),
    ("width=0", "width", "0"),
    ("width=257", "width", "multiples"),
    ("height=99999999999", "height", "99999999999"),
    ("model=nothing-like-it", "nothing-like-it", "starter"),
    ("model=../../etc/passwd", "passwd", "starter"),
    ("scheduler=magic", "scheduler", "magic"),
    ("dtype=float8", "dtype", "float8"),
    ("tier=ultra", "tier", "ultra"),
    ("prompt", "prompt", "="),
    ("=x", "name", "steps"),
    ("prompt=" + "sea " * 25_000, "prompt", "8,000"),
    ("prompt=\x1b[31mred", "prompt", "U+001B"),
    ("prompt=a\x7fb", "prompt", "U+007F"),
    ("prompt=a\rb", "prompt", "U+000D"),
    ("negative_prompt=\x9bcsi", "negative_prompt", "U+009B"),
    ("salt=" + "s" * 100_000, "salt", "at most"),
)
NAMES = (
    "../../escape",
    "..",
    ".hidden",
    "-rf",
    "a/b",
    "a\\b",
    "C:x",
    "/etc/passwd",
    "a\nb",
    "a b",
    "",
    "CON",
    "aux.txt",
    "name.",
    "x" * 65,
    "right\u202eto\u2066left",
    "zero\u200bwidth",
    "\u0301accent",
    "film🎬",
    "\U00020000" * 64,
    "plain\ufe0f",
    "join\u034fed",
)  # fmt: skip


def stored(film: Film) -> tuple[object, ...]:
    """All that a refused command must leave as it was: the documents, and every file that people see."""
    status = film("status")
    files = sorted(str(one.relative_to(film.folder)) for one in film.folder.glob("0*/**/*"))
    return status["heads"], status["documents"], status["versions"], str(status["jobs"]), files


@pytest.mark.parametrize(("field", "name", "also"), FIELDS, ids=[one[0][:24] for one in FIELDS])
def test_a_bad_field_is_named_and_nothing_is_stored(film: Film, field: str, name: str, also: str) -> None:
    before = stored(film)
    error = film.error("asset", "add", "prop", "LAMP", field, status=2)
    said = error["message"] + " " + error["hint"]
    assert name in said
    assert also in said
    assert len(said) < 1000
    assert said.isprintable()
    assert stored(film) == before


def test_a_bad_field_changes_no_asset_that_is_there(film: Film) -> None:
    film("asset", "add", "prop", "LAMP", "prompt=a lamp", "seed=1")
    before = stored(film)
    for field in ("steps=0", "prompt=\x00", "model=none", "tier=", "steps= ", "prompt=twice"):
        film.error("asset", "set", "LAMP", "prompt=new", field, status=2)
        assert stored(film) == before, field


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names_that_could_leave_the_folder_or_deceive_are_refused(film: Film, name: str) -> None:
    film("asset", "add", "shot", "SH010", "seed=1")
    before = stored(film)
    calls = [("asset", "add", "shot", "--", name), ("asset", "rename", "SH010", "--", name)]
    calls += [("asset", "add", f"--scene={name}", "shot", "SH020")] if name else []
    for one in calls:
        ran = run("--project", str(film.folder), "--json", *one)
        assert ran.status == 2, (one, ran.out)
        assert ran.value["error"]["code"] in ("bad_field", "wrong_use")
        assert "Traceback" not in ran.err
    assert stored(film) == before
    assert not list(film.folder.parent.rglob("*escape*"))


@pytest.mark.parametrize(
    "name",
    ["Ж_тест", "東京", "Ünïcode", "שלום", "मीरा", "A" * 64, "東" * 64, "v01_take01", "a..b"],
    ids=ascii,
)
def test_names_of_any_script_work_from_the_first_command_to_the_file(
    film: Film, press: list[FakeRenderer], name: str
) -> None:
    film("asset", "add", "prop", name, "seed=1")
    film("render", "--wait", name)
    [take] = film("take", "list", unicodedata.normalize("NFD", name))["takes"]
    path = Path(take["file"])
    assert path.is_file()
    assert path.resolve().is_relative_to(film.folder.resolve())
    assert film("asset", "show", name)["takes"] == [take["id"]]
    assert film.text("asset", "list")


def test_one_name_in_two_normal_forms_is_one_name(film: Film) -> None:
    film("asset", "add", "prop", unicodedata.normalize("NFC", "ÉTÉ"))
    before = stored(film)
    error = film.error("asset", "add", "prop", unicodedata.normalize("NFD", "ÉTÉ"), status=2)
    assert "taken" in error["hint"] + error["message"]
    assert stored(film) == before
    film("asset", "set", unicodedata.normalize("NFD", "ÉTÉ"), "prompt=x")


@pytest.mark.parametrize(
    "prompt",
    ["🎬 clap 👩🏽‍🚀", "right \u202eto left", "a\nline\tbreak", "\u200b", "%s {0} $(rm -rf /) `x`", "[bold]x[/bold]",
     "'; DROP TABLE facts; --", "\\", "=", "a" * 8000, "\ufeff", "\U0010ffff"],
    ids=ascii,
)  # fmt: skip
def test_odd_prompts_are_kept_as_they_are_and_shown_on_paper(film: Film, prompt: str) -> None:
    value = film("asset", "add", "prop", "LAMP", f"prompt={prompt}", "seed=1")
    assert value["recipe"]["prompt"] == unicodedata.normalize("NFC", prompt)
    assert film("asset", "show", "LAMP")["recipe_key"] == value["recipe_key"]
    text = film.text("asset", "show", "LAMP")
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_cycle_is_refused_with_its_path(film: Film) -> None:
    film("asset", "add", "character", "A", "seed=1")
    film("asset", "add", "prop", "B", "--input", "A:image", "seed=1")
    film("asset", "add", "shot", "C", "--input", "B:image", "seed=1")
    before = stored(film)
    for name, fed in (("A", "C"), ("A", "B"), ("A", "A"), ("B", "C")):
        error = film.error("asset", "set", name, "--input", f"{fed}:image", status=2)
        assert name in error["message"]
        assert fed in error["message"]
    film.error("asset", "add", "shot", "D", "--input", "D:image", status=3)
    assert stored(film) == before


@pytest.mark.parametrize(
    "value", ["A:nonsense", ":image", "NOBODY:image", "A:image:image", "A:IMAGE", "A:"], ids=ascii
)
def test_inputs_name_an_asset_and_a_role(film: Film, value: str) -> None:
    film("asset", "add", "character", "A", "seed=1")
    before = stored(film)
    ran = run("asset", "add", "shot", "S", "--input", value, "--json", "--project", str(film.folder))
    assert ran.status in (2, 3)
    assert stored(film) == before


@pytest.mark.parametrize(
    "words",
    [
        ("asset", "add", "monster", "X"),
        ("asset", "add", "prop"),
        ("asset", "set", "NOBODY", "seed=1"),
        ("asset", "set", "A", "--expect-version", "x"),
        ("asset", "set", "A", "--expect-version", str(10**30)),
        ("asset", "history", "A", "--limit", "x"),
        ("asset", "restore", "A", "99"),
        ("asset", "restore", "A", "-1"),
        ("asset", "diff", "A", "1", "99"),
        ("asset", "list", "--where", "("),
        ("asset", "list", "--where", "kind ="),
        ("asset", "list", "--where", "nothing = 3"),
        ("asset", "list", "--where", "steps = 'x' or 1=1; drop table facts"),
        ("asset", "list", "--where", "(" * 5000 + "stale" + ")" * 5000),
        ("asset", "list", "--where", "not " * 5000 + "stale"),
        ("asset", "list", "--where", "prompt ~ '" + "x" * 200_000),
        ("render", "NOBODY"),
        ("render", "A", "--count", "0"),
        ("render", "A", "--count", "-1"),
        ("render", "A", "--count", str(10**9)),
        ("render", "A", "--tier", "ultra"),
        ("render", "--where", "broken ="),
        ("render",),
        ("job", "show", "nothing"),
        ("job", "vote", "nothing", "7"),
        ("take", "show", "nothing"),
        ("take", "show", "A"),
        ("take", "approve", "v01"),
        ("take", "compare", "x", "y"),
        ("storage", "drop"),
        ("storage", "drop", "NOBODY"),
        ("storage", "fetch", "NOBODY"),
        ("model", "add", "/nowhere"),
        ("model", "verify", "nothing"),
        ("model", "supersede", "nothing", "else"),
        ("template", "apply", "/nowhere.json"),
        ("help", "nothing"),
        ("nonsense",),
        ("asset", "nonsense"),
        ("asset", "list", "--nonsense"),
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_commands_with_bad_arguments_end_in_a_sentence(
    film: Film, press: list[FakeRenderer], words: tuple[str, ...]
) -> None:
    film("asset", "add", "prop", "A", "seed=1")
    before = stored(film)
    ran = run(*words, "--json", "--project", str(film.folder))
    assert ran.status in (2, 3, 4, 5), (ran.status, ran.out[:300])
    assert ran.value["error"]["code"] != "unexpected", ran.out[:600]
    assert ran.value["error"]["hint"]
    assert len(ran.err) < 3000
    assert stored(film) == before


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"version": 99}', b"\xff\xfe\x00", b"[" * 200_000]
)
def test_a_template_that_is_none_is_refused(film: Film, tmp_path: Path, content: bytes) -> None:
    film("asset", "add", "prop", "A", "seed=1")
    path = tmp_path / "template.json"
    path.write_bytes(content)
    before = stored(film)
    ran = run("template", "apply", str(path), "A", "--json", "--project", str(film.folder))
    assert ran.status in (1, 2), ran.out
    assert ran.value["error"]["code"] != "unexpected", ran.out
    assert stored(film) == before


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\x00" * 5000, b"<svg/>"])
def test_a_picture_that_is_none_is_refused(film: Film, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    before = stored(film)
    ran = run("asset", "add", "prop", "A", "--from-image", str(path), "--json", "--project", str(film.folder))
    assert ran.status in (1, 2), ran.out
    assert ran.value["error"]["code"] != "unexpected", ran.out
    assert stored(film) == before


def test_bytes_that_are_no_text_are_refused(film: Film) -> None:
    before = stored(film)
    error = film.error("asset", "add", "prop", "LAMP", os.fsdecode(b"prompt=\xff\xfe"), status=2)
    assert "UTF-8" in error["message"]
    assert stored(film) == before
