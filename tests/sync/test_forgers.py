"""Facts of a member that no program of ours writes: whatever they say, the project goes on and can be read."""

from __future__ import annotations

from pathlib import Path

from tests.sync.forgers import forging


async def test_forged_facts_are_left_out_or_do_no_harm(tmp_path: Path) -> None:
    believed = 0
    async with forging(tmp_path, 5) as forger:
        before = len(forger.project.index.assets(gone=None))
        for _ in range(60):
            believed += forger.send(forger.forge())
        forger.read()
        assert believed > 5
        assert len(forger.project.index.assets(gone=None)) >= before


async def test_half_a_letter_is_no_text(tmp_path: Path) -> None:
    async with forging(tmp_path, 5) as forger:
        document, _, key, text = next(one for one in forger.facts if one[1] == "asset")
        for n, wrong in enumerate(("\\ud800", "1e999", "NaN")):
            forged = text.replace('"name":"', f'"name":"{wrong}') if n == 0 else f'{{"name":{wrong}}}'
            assert forger.send([(document, "asset", f"{key}{n}", forged)]) == 1
            forger.read()
        assert {one.what for one in forger.project.verify()} == {"fact"}
