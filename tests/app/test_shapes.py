"""The JSON shapes hold at least the contract's keys."""

from __future__ import annotations

from pathlib import Path

from app import shapes
from engine.recipe import FileDigest, PixelDigest, Recipe
from sync.records import (
    Approved,
    Asset,
    AssetFacts,
    AssetId,
    Consumed,
    DeviceId,
    FactId,
    Grade,
    Kind,
    Link,
    MemberId,
    SessionId,
    Struck,
    Superseded,
    Take,
    TakeId,
    Tier,
    Time,
    Version,
    VersionId,
)

NOW, LATER = Time("2026-01-31T12:00:00.000Z"), Time("2026-01-31T12:00:01.000Z")
ME = MemberId("m")
RECIPE = Recipe(pipeline="P", operation="text-to-image", width=8, height=8)
VERSION = Version(
    id=VersionId("v"), number=1, parents=(), author=ME, time=NOW, note="n", tier=Tier.LOW,
    parameters={"seed": 1}, links=(Link(asset=AssetId("b"), role="style"),),
    recipe=RECIPE.canonical().decode(), recipe_key=RECIPE.key,
)  # fmt: skip
TAKE = Take(
    id=TakeId("t"), version=VERSION.id, number=1, item=0, recipe_key=RECIPE.key, sha256=FileDigest("f" * 64),
    pixels=PixelDigest("p" * 64), bytes=10, media_type="image/png", width=8, height=8, frames=1, profile="x",
    seconds=1.5, worker=SessionId("s"), member=ME, device=DeviceId("d"), time=NOW, provisional=False, own_noise=True,
    file="03_Renders/a.png", consumed=(Consumed(role="style", sha256=FileDigest("c" * 64)),),
)  # fmt: skip
PROOF = Struck(
    id=FactId("p"), take=TAKE.id, purpose="prove", grade=Grade.R1, sha256=FileDigest("e" * 64),
    pixels=PixelDigest("q" * 64), bytes=10, psnr_db=50.0, ssim=0.9999, profile="y", seconds=1.0, member=ME,
    device=DeviceId("d"), time=NOW,
)  # fmt: skip
FACTS = AssetFacts(
    asset=Asset(id=AssetId("a"), kind=Kind.SHOT, name="SH", scene="SC", author=ME, time=NOW),
    versions=(VERSION,), takes=(TAKE,), struck=(PROOF,),
)  # fmt: skip


def keys(text: str) -> set[str]:
    return set(text.split())


def test_asset() -> None:
    shape = shapes.asset(FACTS, VERSION, name="SH", label="v01", forked=False, stale=True)
    wanted = "id name kind scene version tier recipe recipe_key forked stale inputs takes"
    assert keys(wanted) <= set(shape)
    assert shape["version"] == 1
    assert shape["inputs"] == [{"asset": "b", "role": "style"}]
    assert shape["takes"] == ["t"]
    assert shape["recipe"]["operation"] == "text-to-image"


def test_version() -> None:
    shape = shapes.version(VERSION, "v01")
    assert keys("id number label parents author time note tier recipe_key") <= set(shape)
    assert shapes.changed("seed", 1, 2) == {"field": "seed", "from": 1, "to": 2}


def test_take() -> None:
    shape = shapes.take(
        TAKE, FACTS, asset_name="SH", label="take01", version=1, version_label="v01", grade="R1", reason="why",
        approved=True, present=["here"], folder=Path("/film"), fingerprint={"torch": "2"},
    )  # fmt: skip
    wanted = (
        "id asset version number label recipe_key sha256 pixels_sha256 bytes media_type width height frames class "
        "proofs fingerprint seconds worker member time approved provisional consumed present file"
    )
    assert keys(wanted) <= set(shape)
    assert shape["file"] == Path("/film/03_Renders/a.png")
    assert (shape["filename"], shape["kind"], shape["scene"]) == ("a.png", "shot", "SC")
    assert [one["class"] for one in shape["proofs"]] == ["R1"]
    assert shapes.proofs("other", FACTS.struck) == []


def test_the_newest_word_on_approval_counts() -> None:
    def word(id: str, time: Time, *, withdrawn: bool) -> Approved:
        return Approved(id=FactId(id), take=TAKE.id, withdrawn=withdrawn, author=ME, time=time)

    assert not shapes.is_approved("t", [])
    assert shapes.is_approved("t", [word("1", NOW, withdrawn=True), word("2", LATER, withdrawn=False)])
    assert not shapes.is_approved("t", [word("2", LATER, withdrawn=True), word("1", NOW, withdrawn=False)])


def test_job_and_model() -> None:
    job = shapes.job(
        "k.0", asset=AssetId("a"), asset_name="SH", version=1, version_id="v", version_label="v01", item=0,
        tier="low", state="pending", owner=None, votes=0, generation=0, attempts=[], take=None,
    )  # fmt: skip
    wanted = "id asset version tier state owner votes generation progress stage eta_s reason attempts take"
    assert keys(wanted) <= set(job)
    old = Superseded(id=FactId("s"), old="o", new="n", author=ME, time=NOW)  # type: ignore[arg-type]
    model = shapes.model(
        name="m",
        digest="n",
        size=1,
        pipeline="P",
        source="",
        licence="",
        present=[],
        superseded=[old],
        assets=2,
    )
    assert keys("name digest bytes pipeline source licence present supersedes assets") <= set(model)
    assert model["supersedes"] == ["o"]
    assert shapes.check("x", True, "d", "f")["fix"] == ""
    assert shapes.fault("a", "b", "c", "d") == {"what": "a", "id": "b", "detail": "c", "fix": "d"}
