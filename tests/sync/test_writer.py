"""How facts become changes and bundles."""

from __future__ import annotations

from pathlib import Path

from sync.change import header
from sync.project import Edit, asset_document
from sync.records import FactId, Renamed
from tests.sync.stage import Desk, add_asset


async def test_one_commit_is_one_bundle_a_log_and_one_change_a_document(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).started("MARA", "NORA") as project:
        store = project._ledger.store
        before = store.position
        assets = [row.id for row in project.index.assets()]

        def build(edit: Edit) -> None:
            for asset in assets * 3:
                fact = FactId(edit.new_id())
                edit.add(
                    asset_document(asset), Renamed(id=fact, name=fact[:8], author=edit.member, time=edit.now)
                )

        project.commit(build)
        assert store.position == before + 1
        bundle = store.bundle(store.position)
        assert [document for document, _ in bundle.changes] == [asset_document(one) for one in assets]
        assert {header(raw).actor.hex() for _, raw in bundle.changes} == {bundle.log}


async def test_many_facts_of_one_document_are_split_into_changes(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).create() as project:
        asset = add_asset(project, "MARA")

        def build(edit: Edit) -> None:
            for _ in range(60):
                fact = FactId(edit.new_id())
                edit.add(
                    asset_document(asset),
                    Renamed(id=fact, name="x" * 15_000, author=edit.member, time=edit.now),
                )

        project.commit(build)
        store = project._ledger.store
        bundles = list(store.bundles())
        assert max(len(raw) for one in bundles for _, raw in one.changes) <= 64 * 1024
        assert max(len(one.body) for one in bundles) <= 256 * 1024
        assert len(project.asset(asset).renamed) == 60
        assert project.verify() == []


async def test_members_are_named_once(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).started("MARA", "NORA", "OLGA") as project:
        named = [bool(one.members) for one in project._ledger.store.bundles()]
        assert named == [True, False, False, False]
