"""Names in the film's folders: never out of them, never over somebody else's content."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.faults import Conflict, Refused
from engine.recipe import FileDigest
from sync.blobs import shelf
from sync.blobs.store import digest_of

DIGEST = digest_of(b"picture")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / "film").mkdir()
    (tmp_path / "scratch").mkdir()
    (tmp_path / "blob").write_bytes(b"picture")
    return tmp_path / "film"


def put(film: Path, target: Path, replace: bool = False, digest: FileDigest = DIGEST) -> None:
    shelf.put(
        film.parent / "blob", digest, target, inside=film, scratch=film.parent / "scratch", replace=replace
    )


def test_the_picture_appears_under_its_name(film: Path) -> None:
    put(film, film / "Characters" / "Ana" / "Ana_v01_take01.png")
    assert (film / "Characters" / "Ana" / "Ana_v01_take01.png").read_bytes() == b"picture"


def test_again_is_nothing_new(film: Path) -> None:
    put(film, film / "a.png")
    put(film, film / "a.png")
    assert [path.name for path in film.iterdir()] == ["a.png"]


def test_other_content_is_a_conflict_and_stays(film: Path) -> None:
    (film / "a.png").write_bytes(b"the artist's own")
    with pytest.raises(Conflict, match=r"a\.png already exists"):
        put(film, film / "a.png")
    assert (film / "a.png").read_bytes() == b"the artist's own"


def test_other_content_under_this_pictures_own_name_is_replaced(film: Path) -> None:
    (film / "a.png").write_bytes(b"damaged")
    put(film, film / "a.png", replace=True)
    assert (film / "a.png").read_bytes() == b"picture"


def test_a_folder_in_the_way_is_a_conflict_even_then(film: Path) -> None:
    (film / "a.png").mkdir()
    with pytest.raises(Conflict):
        put(film, film / "a.png", replace=True)


def test_a_file_where_a_folder_should_be_is_a_conflict(film: Path) -> None:
    (film / "SC-01").write_bytes(b"mine")
    with pytest.raises(Conflict, match="in the way"):
        put(film, film / "SC-01" / "shot" / "a.png")


@pytest.mark.parametrize("name", ["../out.png", "a/../../out.png", ".", "a/..", "/tmp/restrike-out.png"])
def test_names_that_lead_out_are_refused(film: Path, name: str) -> None:
    with pytest.raises(Refused, match="out of the project"):
        put(film, film / name)
    assert not (film.parent / "out.png").exists()


def test_links_to_folders_elsewhere_are_refused(film: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (film / "way").symlink_to(tmp_path / "elsewhere")
    for name in ("way/a.png", "way/deeper/a.png"):
        with pytest.raises(Refused):
            put(film, film / name)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_in_place_of_the_file_is_replaced_not_followed(film: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (film / "a.png").symlink_to(tmp_path / "precious")
    with pytest.raises(Conflict):
        put(film, film / "a.png")
    put(film, film / "a.png", replace=True)
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (film / "a.png").is_symlink()
    assert (film / "a.png").read_bytes() == b"picture"


def test_the_film_may_itself_be_reached_by_a_link(film: Path, tmp_path: Path) -> None:
    (tmp_path / "short").symlink_to(film)
    put(tmp_path / "short", tmp_path / "short" / "a.png")
    assert (film / "a.png").read_bytes() == b"picture"


def test_without_hard_links_it_is_a_read_only_copy(film: Path) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == film.stat().st_dev:
        pytest.skip("no second file system to try this on")
    import tempfile

    with tempfile.TemporaryDirectory(dir=elsewhere) as other:
        (Path(other) / "blob").write_bytes(b"picture")
        shelf.put(
            Path(other) / "blob",
            DIGEST,
            film / "a.png",
            inside=film,
            scratch=Path(other),
            replace=False,
        )
        assert [path.name for path in Path(other).iterdir()] == ["blob"]
    assert (film / "a.png").read_bytes() == b"picture"
    assert (film / "a.png").stat().st_mode & 0o222 == 0
    assert [path.name for path in film.iterdir()] == ["a.png"]


def test_taking_away_removes_these_bytes_alone(film: Path) -> None:
    put(film, film / "a.png")
    (film / "b.png").write_bytes(b"edited by the artist")
    assert not shelf.take_away(DIGEST, film / "b.png", inside=film)
    assert not shelf.take_away(DIGEST, film / "no" / "such.png", inside=film)
    assert shelf.take_away(DIGEST, film / "a.png", inside=film)
    assert [path.name for path in film.iterdir()] == ["b.png"]
