"""Write the golden files of the present schema; those of earlier schemas are never written again."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from pathlib import Path

from sync import schema
from sync.project import Edit
from tests.sync.films import Film, profile
from tests.sync.stage import Desk, add_asset, contents, rename

HERE = Path(__file__).parent


async def write(root: Path) -> None:
    """A small film with a fact of nearly every kind: its export, its log and what they hold."""
    desk, film, name = Desk.under(root), Film.seeded(), f"schema-{schema.version()}"
    async with desk.create("Golden") as project:
        project.commit(profile)
        mara = add_asset(project, "MARA")
        rename(project, mara, "Mara é")

        def build(edit: Edit) -> None:
            version = film.version(edit, mara, 1)
            take = film.take(edit, mara, version, 1)
            job = film.wish(edit, mara, version, take)
            film.claim(edit, job)
            film.finish(edit, job, take)
            film.prove(edit, mara, take)
            film.approve(edit, mara, take)

        project.commit(build)
        for n in range(70):
            rename(project, mara, f"Mara {n}")
        project.export(HERE / f"{name}.export")
        held = [[*place, text] for place, text in sorted(contents(project).items())]
        found = {"id": project.id, "heads": project.index.heads(), "facts": held}
        (HERE / f"{name}.json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    connection = sqlite3.connect(desk.log)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("VACUUM")
    connection.close()
    (HERE / f"{name}.log.db").write_bytes(desk.log.read_bytes())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(write(Path(folder)))
