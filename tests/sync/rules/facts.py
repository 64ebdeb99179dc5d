"""Facts for the tests of the rules: plain makers with sensible defaults, and strategies that make odd ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import strategies as st

from engine.recipe import FileDigest, PixelDigest, RecipeKey
from sync.records import (
    Approved,
    Asset,
    AssetFacts,
    AssetId,
    Called,
    Claim,
    DeviceId,
    Ended,
    FactId,
    Finished,
    Grade,
    JobFacts,
    JobId,
    Kind,
    Link,
    MemberId,
    Removed,
    Renamed,
    SessionId,
    Struck,
    Take,
    TakeId,
    Tier,
    Time,
    Version,
    VersionId,
    Vote,
    Wish,
)

F = TypeVar("F")
JOB = JobId("k" * 64 + ".0")
IDS = ["aaaaaa", "aaaabb", "bbbbbb", "cccccc", "dddddd"]
SESSIONS = [SessionId(f"session-{n}") for n in range(4)]


def at(second: int) -> Time:
    return Time(f"2026-01-01T00:00:{second:02d}.000Z")


def asset(name: str = "Ana", kind: Kind = Kind.CHARACTER) -> Asset:
    return Asset(id=AssetId("asset"), kind=kind, name=name, scene=None, author=MemberId("m"), time=at(0))


def version(id: str, number: int = 1, parents: Sequence[str] = (), **fields: Any) -> Version:
    default: dict[str, Any] = {
        "author": MemberId("m"),
        "time": at(0),
        "note": "",
        "tier": Tier.STANDARD,
        "parameters": {"prompt": "a tower"},
        "links": (),
        "recipe": "{}",
        "recipe_key": RecipeKey("key-" + id),
    }
    ids = tuple(VersionId(one) for one in parents)
    return Version(id=VersionId(id), number=number, parents=ids, **{**default, **fields})


def take(id: str, of: str = "aaaaaa", number: int = 1, **fields: Any) -> Take:
    default: dict[str, Any] = {
        "item": 0,
        "recipe_key": RecipeKey("key-" + of),
        "sha256": FileDigest("sha-" + id),
        "pixels": PixelDigest("pixels-" + id),
        "bytes": 10,
        "media_type": "image/png",
        "width": 8,
        "height": 8,
        "frames": 1,
        "profile": "here",
        "seconds": 1.0,
        "worker": SESSIONS[0],
        "member": MemberId("m"),
        "device": DeviceId("d"),
        "time": at(0),
        "provisional": False,
        "own_noise": True,
        "file": "a.png",
    }
    return Take(id=TakeId(id), version=VersionId(of), number=number, **{**default, **fields})


def struck(id: str, of: str, grade: Grade, **fields: Any) -> Struck:
    default: dict[str, Any] = {
        "purpose": "prove",
        "sha256": FileDigest("sha-" + of),
        "pixels": PixelDigest("pixels-" + of if grade is Grade.R0 else "other"),
        "bytes": 10,
        "psnr_db": {Grade.R1: 60.0, Grade.R2: 20.0}.get(grade),
        "ssim": {Grade.R1: 0.9999, Grade.R2: 0.5}.get(grade),
        "profile": "here",
        "seconds": 1.0,
        "member": MemberId("m"),
        "device": DeviceId("d"),
        "time": at(0),
    }
    return Struck(id=FactId(id), take=TakeId(of), grade=grade, **{**default, **fields})


def approved(id: str, of: str, second: int, withdrawn: bool = False) -> Approved:
    return Approved(
        id=FactId(id), take=TakeId(of), withdrawn=withdrawn, author=MemberId("m"), time=at(second)
    )


def wish(
    session: SessionId = SESSIONS[0], tier: Tier = Tier.STANDARD, vt: float = 0.0, **fields: Any
) -> Wish:
    default: dict[str, Any] = {
        "job": JOB,
        "asset": AssetId("asset"),
        "version": VersionId("aaaaaa"),
        "item": 0,
        "member": MemberId("m"),
        "time": at(0),
    }
    return Wish(session=session, tier=tier, vt=vt, **{**default, **fields})


def claim(session: SessionId, epoch: int = 1) -> Claim:
    return Claim(job=JOB, session=session, epoch=epoch, member=MemberId("m"), time=at(epoch % 60))


def ended(session: SessionId, epoch: int = 1, code: str = "crashed") -> Ended:
    return Ended(job=JOB, session=session, epoch=epoch, code=code, message="it died", time=at(epoch % 60))


def finished(session: SessionId, sha: str = "a", id: str = "t") -> Finished:
    return Finished(
        job=JOB, session=session, take=TakeId(id), sha256=FileDigest(sha), seconds=1.0, time=at(0)
    )


def called(session: SessionId = SESSIONS[0], second: int = 0) -> Called:
    return Called(job=JOB, session=session, member=MemberId("m"), time=at(second))


def vote(member: str, value: int = 1, count: int = 1) -> Vote:
    return Vote(job=JOB, member=MemberId(member), value=value, count=count, time=at(0))


# --- strategies: few ids and small numbers, so that facts collide, contradict each other and go in circles ----------

_ids = st.sampled_from(IDS)
_sessions = st.sampled_from(SESSIONS)
_times = st.builds(at, st.integers(0, 5))
_epochs = st.integers(0, 4)

versions = st.builds(
    version,
    _ids,
    st.integers(-1, 4),
    st.lists(st.sampled_from([*IDS, "unknown"]), max_size=3),
    parameters=st.fixed_dictionaries(
        {"prompt": st.sampled_from("abc")},
        optional={"steps": st.integers(1, 3), "chosen": st.just(["prompt"]) | st.just(["prompt", "steps"])},
    ),
    tier=st.sampled_from(Tier),
    links=st.lists(
        st.builds(
            Link,
            asset=st.sampled_from([AssetId("x"), AssetId("y")]),
            role=st.sampled_from(["character", "style"]),
        ),
        max_size=2,
    ).map(tuple),
)
takes = st.builds(
    take,
    _ids,
    st.sampled_from([*IDS, "unknown"]),
    st.integers(0, 3),
    time=_times,
    pixels=st.sampled_from(["p", "q"]),
    imported=st.booleans(),
)
proofs = st.builds(
    struck,
    _ids,
    _ids,
    st.sampled_from(Grade),
    psnr_db=st.none() | st.floats(),
    ssim=st.none() | st.floats(),
    pixels=st.sampled_from(["p", "q"]),
)
approvals = st.builds(approved, _ids, st.sampled_from([*IDS, "unknown"]), st.integers(0, 5), st.booleans())
renames = st.builds(Renamed, id=_ids, name=st.sampled_from("abc"), author=st.just(MemberId("m")), time=_times)
removals = st.builds(Removed, id=_ids, gone=st.booleans(), author=st.just(MemberId("m")), time=_times)
assets = st.builds(
    AssetFacts,
    asset=st.just(asset()),
    renamed=st.lists(renames, max_size=3).map(tuple),
    removed=st.lists(removals, max_size=3).map(tuple),
    versions=st.lists(versions, max_size=6).map(tuple),
    takes=st.lists(takes, max_size=5).map(tuple),
    struck=st.lists(proofs, max_size=4).map(tuple),
    approved=st.lists(approvals, max_size=4).map(tuple),
)

wishes = st.builds(
    wish,
    _sessions,
    st.sampled_from(Tier),
    st.floats(),
    member=st.sampled_from([MemberId("m"), MemberId("n")]),
    version=_ids,
)
claims = st.builds(claim, _sessions, _epochs)
ends = st.builds(ended, _sessions, _epochs, st.sampled_from(["released", "crashed", "timed_out"]))
results = st.builds(finished, _sessions, st.sampled_from("abc"), _ids)
calls = st.builds(called, _sessions, st.integers(0, 5))
votes = st.builds(vote, st.sampled_from("mno"), st.integers(-3, 3), st.integers(0, 3))
jobs = st.builds(
    JobFacts,
    job=st.just(JOB),
    wishes=st.lists(wishes, max_size=3).map(tuple),
    claims=st.lists(claims, max_size=5).map(tuple),
    ended=st.lists(ends, max_size=6).map(tuple),
    finished=st.lists(results, max_size=2).map(tuple),
    called=st.lists(calls, max_size=2).map(tuple),
    votes=st.lists(votes, max_size=5).map(tuple),
)

ASSET_LISTS = ("renamed", "removed", "versions", "takes", "struck", "approved")
JOB_LISTS = ("wishes", "claims", "ended", "finished", "called", "votes")


def reordered(draw: Callable[[st.SearchStrategy[Any]], Any], facts: F, names: Sequence[str]) -> F:
    """The same facts in another order, some of them twice: what merging in another way leads to."""
    changed = {}
    for name in names:
        ones = list(getattr(facts, name))
        again = draw(st.lists(st.sampled_from(ones), max_size=2)) if ones else []
        changed[name] = tuple(draw(st.permutations([*ones, *again])))
    return replace(facts, **changed)  # type: ignore[type-var]


def united(one: F, other: F, names: Sequence[str]) -> F:
    """What two replicas hold once they have merged, in this order."""
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in names})  # type: ignore[type-var]
