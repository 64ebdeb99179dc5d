"""No folder survives in a sentence, however it is written there."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.redaction import without_paths

PLAIN = st.text("abcdefgXYZ019_.-äß@+(){}", min_size=1, max_size=8).map(lambda text: f"q{text}q")
SPACED = st.lists(PLAIN.map(lambda text: text.replace("(", "").replace(")", "")), min_size=1, max_size=4).map(
    " ".join
)
BEFORE = st.sampled_from(["", "cannot read ", "(see ", "file=", "error: ", "«", "a, "])
AFTER = st.sampled_from(["", " is damaged", ": no such file", ", and 3 more", ") or not", " (try again)"])


def hidden(text: str, folders: list[str]) -> bool:
    return all(f"{folder}/" not in text and f"{folder}\\" not in text for folder in folders)


@given(st.lists(PLAIN, min_size=1, max_size=4), PLAIN, BEFORE, AFTER)
def test_a_path_nobody_told_of_keeps_its_last_part(
    folders: list[str], name: str, before: str, after: str
) -> None:
    for path in (f"/{'/'.join(folders)}/{name}", f"C:\\{chr(92).join(folders)}\\{name}"):
        assert without_paths(f"{before}{path}{after}") == f"{before}{name}{after}"
        assert without_paths(f"{before}'{path}'{after}") == f"{before}'{name}'{after}"


@given(st.lists(SPACED, min_size=1, max_size=4), PLAIN, BEFORE, AFTER)
def test_folders_may_have_spaces(folders: list[str], name: str, before: str, after: str) -> None:
    for start in ("/", "C:\\", "~/", "\\\\host\\share\\", "file:///", "C:\\\\"):
        text = without_paths(f"{before}{start}{'/'.join(folders)}/{name}{after}")
        assert text == f"{before}{name}{after}"


@given(st.lists(SPACED, min_size=2, max_size=3), st.lists(SPACED, max_size=2), SPACED, BEFORE, AFTER)
def test_what_lies_in_a_known_folder_is_hidden(
    known: list[str], folders: list[str], name: str, before: str, after: str
) -> None:
    folder = Path("/", *known)
    path = folder.joinpath(*folders, name)
    text = without_paths(f"{before}{path}{after}", [folder, Path("/")])
    assert text == f"{before}{name}{after}"
    assert without_paths(f"{before}{path}{after}", [folder, path]) == f"{before}{name}{after}"
    assert hidden(without_paths(f"{path} and {path}", [folder]), known)


@given(st.text(), st.lists(st.text(max_size=9), max_size=3))
def test_any_text_and_any_path_make_a_line(text: str, parts: list[str]) -> None:
    path = Path("/", *(part.replace("\0", "").replace("/", "") for part in parts))
    assert "\n" not in without_paths(f"{path} {text}", [path])
    folder = PurePosixPath(path).parent
    assert len(folder.parts) < 3 or str(folder) not in without_paths(f"{path}", [path])


@pytest.mark.parametrize(
    "sentence",
    [
        "there is nothing at /api/v1/projects/x/assets",
        "send it to http://127.0.0.1:8000/docs or https://localhost/x/y",
        "the type is image/png, not text/html; Accept: */*",
        "12 steps/s and/or 3/4 done, at 1 / 2",
        "it stands in 01_Assets/Generative_Assets/x.png",
        "s3://bucket/prefix is a bucket",
        "allowed: 1 to 1000 (a\\nb)",
    ],
)
def test_other_sentences_stay_as_they_are(sentence: str) -> None:
    assert without_paths(sentence) == sentence


def test_a_sentence_that_goes_on_keeps_its_words() -> None:
    assert (
        without_paths("/home/joe/x.png is no image/png (see /tmp/a/log.txt)")
        == "x.png is no image/png (see log.txt)"
    )
    assert (
        without_paths("/home/joe/film/.restrike is damaged", [Path("/home/joe/film")])
        == ".restrike is damaged"
    )
    assert without_paths("the folder /home/joe/film/") == "the folder film"


def test_long_texts_take_no_longer_than_they_are() -> None:
    for text in ("/a b" * 5000, "/" * 20000, "/a " * 8000, "'/a " * 5000, "C:\\a b" * 4000):
        assert len(without_paths(text)) <= len(text)
