"""Projects of earlier schemas, and the step to a next one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.faults import Refused
from sync import identity
from sync.document import first_change
from sync.records import AssetId, TakeId
from sync.schema import GENESIS, Step
from tests.sync.stage import Desk, add_asset, contents, names, rename

GOLDEN = Path(__file__).parents[1] / "golden"
SCHEMAS = sorted(one.stem for one in GOLDEN.glob("*.json"))
NEXT = (Step(2, {"asset": first_change(["tags"], (2).to_bytes(16, "big"), [GENESIS["asset"]])}),)


def held(schema: str) -> tuple[dict[str, str], dict[tuple[str, str, str], str]]:
    """Id and heads of a golden project, and its facts."""
    found = json.loads((GOLDEN / f"{schema}.json").read_text("utf-8"))
    facts = {(document, collection, key): text for document, collection, key, text in found.pop("facts")}
    return found, facts


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_golden_log_reads_as_it_did(tmp_path: Path, schema: str) -> None:
    desk = Desk.under(tmp_path)
    desk.private.mkdir(parents=True)
    shutil.copy(GOLDEN / f"{schema}.log.db", desk.log)
    told, facts = held(schema)
    async with desk.open() as project:
        assert {"id": project.id, "heads": project.index.heads()} == told
        assert contents(project) == facts
        assert (project.name, names(project), project.found) == ("Golden", ["Mara 69"], ())
        row = project.index.assets()[0]
        take = project.index.takes()[0]
        assert (row.label, row.approved, take.label) == ("v01", TakeId(take.take.id), "take01")
        assert [job.state for job in project.index.jobs()] == ["finished"]
        assert len(project.asset(AssetId(row.id)).struck) == 1
        assert project.verify() == []


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_golden_export_joins(tmp_path: Path, schema: str) -> None:
    told, facts = held(schema)
    async with Desk.under(tmp_path).join(GOLDEN / f"{schema}.export") as project:
        assert {"id": project.id, "heads": project.index.heads()} == told
        assert contents(project) == facts
        assert project.verify() == []


async def test_the_next_schema_reads_everything_and_locks_older_releases_out(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.started("MARA") as project:
        before = contents(project)
        heads = project.index.heads()
    async with desk.open(NEXT) as project:
        assert before.items() <= contents(project).items()
        assert project.setting("schema") == 2
        assert project.index.heads() != heads
        add_asset(project, "NORA")
        assert project.verify() == []
    async with desk.open(NEXT) as project:
        assert names(project) == ["MARA", "NORA"]
        assert len([one for one in contents(project) if one[1] == "settings"]) == 3
    with pytest.raises(Refused, match="schema 2"):
        async with desk.open():
            pass


async def test_what_a_newer_release_wrote_waits_for_the_upgrade(tmp_path: Path) -> None:
    one, two = Desk.under(tmp_path, "one"), Desk.under(tmp_path, "two")
    file = tmp_path / "x"
    async with one.started("MARA") as project:
        project.admit(identity.load_or_create(two.home).public)
        project.export(file)
    async with two.join(file):
        pass
    async with one.open(NEXT) as project:
        rename(project, project.index.assets()[0].id, "NORA")
        project.export(file)
        heads = project.index.heads()
    async with two.open() as project:
        assert project.merge(file).waiting == 1
        assert names(project) == ["MARA"]
    async with two.open(NEXT) as project:
        assert names(project) == ["NORA"]
        assert project.verify() == []
        project.export(file)
        later = project.index.heads()
    async with one.open(NEXT) as project:
        assert project.index.heads() == heads
        project.merge(file)
        assert project.index.heads() == later
