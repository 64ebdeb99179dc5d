"""Starting a project, and what is in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from app.commands.projects import STATES, blobs
from tests.app.commandline import Film, run


def test_a_new_project_has_the_contract_folders(film: Film) -> None:
    for one in ("Characters", "Styles", "Environments", "Props"):
        assert (film.folder / "01_Assets" / "Generative_Assets" / one).is_dir()
    assert (film.folder / "03_Renders").is_dir()
    assert "*.png filter=lfs" in (film.folder / ".gitattributes").read_text()
    assert (film.folder / ".gitignore").read_text() == "/.restrike/\n"


def test_status_holds_the_contract_keys(film: Film) -> None:
    value = film("status")
    wanted = [
        "project",
        "name",
        "folder",
        "documents",
        "heads",
        "assets",
        "versions",
        "takes",
        "jobs",
        "peers",
        "blobs",
    ]
    assert set(wanted) <= set(value)
    assert value["name"] == "A test film"
    assert value["folder"] == str(film.folder)
    assert set(value["jobs"]) == set(STATES)
    assert value["blobs"] == {"count": 0, "bytes": 0}
    film("asset", "add", "prop", "LAMP")
    after = film("status")
    assert (after["assets"], after["versions"], after["takes"]) == (1, 1, 0)
    assert after["heads"] != value["heads"]
    assert "A test film" in film.text("status")


def test_files_that_are_there_stay(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / ".gitignore").write_text("*.bak")
    ran = run("init", str(folder))
    assert ran.status == 0, ran.err
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / ".gitignore").read_text() == "*.bak\n/.restrike/\n"


def test_a_second_project_in_the_same_place_is_a_conflict(film: Film) -> None:
    again = run("init", str(film.folder), "--name", "Other", "--json")
    assert again.status == 4
    assert again.value["error"]["code"] == "conflict"


def test_a_project_inside_a_project_is_refused(film: Film) -> None:
    ran = run("init", str(film.folder / "03_Renders" / "inner"))
    assert ran.status == 5
    assert not (film.folder / "03_Renders" / "inner").exists()


def test_a_file_is_no_folder_and_a_name_is_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run("init", str(tmp_path / "file")).status == 2
    assert run("init", str(tmp_path / "x"), "--name", "a\nb").status == 2
    assert run("init", str(tmp_path / "y"), "--name", "").status == 2
    assert not (tmp_path / "x").exists()


def test_blobs_are_counted_by_their_names(tmp_path: Path) -> None:
    assert blobs(tmp_path / "none") == {"count": 0, "bytes": 0}
    (tmp_path / "ab").mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "ab" / ("ab" * 32)).write_bytes(b"12345")
    (tmp_path / "tmp" / "half").write_bytes(b"1")
    assert blobs(tmp_path) == {"count": 1, "bytes": 5}


def test_status_as_a_process_imports_nothing_heavy(film: Film) -> None:
    program = """if True:
        import sys
        from app.cli import main
        status = main(["status", "--project", sys.argv[1]])
        heavy = ("torch", "diffusers", "automerge", "rich", "PIL", "numpy", "sqlite_utils")
        print([one for one in heavy if one in sys.modules])
        sys.exit(status)
    """
    arguments = [sys.executable, "-c", program, str(film.folder)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
