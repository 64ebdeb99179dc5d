"""A full disk: said plainly, nothing half done, and everything goes on when there is space again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.faults import NoSpace
from tests.sync.films import Film, populate
from tests.sync.stage import Desk, add_asset, contents, names

LIMITED = """
import asyncio, resource, signal, sys
from pathlib import Path
from engine.faults import NoSpace
from tests.sync.films import Film, populate
from tests.sync.stage import Desk, add_asset, names

async def main():
    desk = Desk.under(Path(sys.argv[1]))
    async with desk.open() as project:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        largest = max(one.stat().st_size for one in desk.private.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 20_000, resource.RLIM_INFINITY))
        try:
            project.commit(lambda edit: populate(edit, Film.seeded(), [f"S{n}" for n in range(int(sys.argv[2]))]))
        except NoSpace as error:
            print("NoSpace:", error)
        else:
            print("done")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        add_asset(project, "NORA")
        print(len(names(project)))

asyncio.run(main())
"""


@pytest.mark.parametrize("which", ["log", "index"])
async def test_when_the_disk_is_full_nothing_is_half_done(tmp_path: Path, which: str) -> None:
    desk = Desk.under(tmp_path)
    async with desk.started("MARA") as project:
        before = contents(project)
        file = project._ledger.store if which == "log" else project._ledger.file
        pages = file.connection.execute("PRAGMA page_count").fetchone()[0]
        file.connection.execute(f"PRAGMA max_page_count={pages + 1}")
        with pytest.raises(NoSpace, match="no space"):
            project.commit(lambda edit: populate(edit, Film.seeded(), [f"S{n}" for n in range(30)]))
        assert contents(project) == before
        assert names(project) == ["MARA"]
        file.connection.execute("PRAGMA max_page_count=1000000")
        add_asset(project, "NORA")
        assert names(project) == ["MARA", "NORA"]
        assert project.verify() == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
@pytest.mark.parametrize(
    ("assets", "said", "there"), [(200, "NoSpace: there is no space left", 2), (30, "done", 32)]
)
async def test_a_limit_of_the_system_is_no_space_too(
    tmp_path: Path, assets: int, said: str, there: int
) -> None:
    # with 30 the log still has room, so it is done; the index, which has none, catches up later
    desk = Desk.under(tmp_path)
    async with desk.started("MARA"):
        pass
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), str(assets)],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stderr
    first, later = done.stdout.splitlines()
    assert first.startswith(said)
    assert int(later) == there
    async with desk.open() as project:
        assert len(names(project)) == there
        assert project.verify() == []
