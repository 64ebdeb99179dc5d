"""The facts a project keeps, as frozen records; everything else is derived from them by `sync.rules`.

A fact is written once under a key of its own and never changed or deleted, so merging is union. Times are RFC 3339 UTC
with milliseconds, sizes bytes, durations seconds, ids opaque strings (26 lower-case characters unless said otherwise).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NewType

from engine.recipe import FileDigest, ModelDigest, PixelDigest, RecipeKey
from sync.kinds import Grade as Grade
from sync.kinds import Kind as Kind
from sync.kinds import Tier as Tier

AssetId = NewType("AssetId", str)
VersionId = NewType("VersionId", str)
TakeId = NewType("TakeId", str)
FactId = NewType("FactId", str)
JobId = NewType("JobId", str)
SessionId = NewType("SessionId", str)
MemberId = NewType("MemberId", str)
DeviceId = NewType("DeviceId", str)
DocumentId = NewType("DocumentId", str)
LogId = NewType("LogId", str)
ProjectId = NewType("ProjectId", str)
Time = NewType("Time", str)


# --- in an asset's document ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A named thing being made, as it was created; its present name is the newest `Renamed`."""

    id: AssetId
    kind: Kind
    name: str
    scene: str | None = None
    author: MemberId
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """From `time` on the asset is called `name`; of concurrent ones the later time, then the larger id, counts.

    `over` are the names that it replaces, as far as its author knew them.
    """

    id: FactId
    name: str
    author: MemberId
    time: Time
    over: tuple[FactId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """The asset was removed (`gone`) or brought back; nothing is deleted. `seen` are the tips that its author knew."""

    id: FactId
    gone: bool
    author: MemberId
    time: Time
    seen: tuple[VersionId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An input of a version: another asset in a role (`image`, `environment`, `character`, `prop`, `style`)."""

    asset: AssetId
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A saved recipe of an asset; two versions may carry one `number` when they were made apart.

    `parameters` are the artist's own fields, every default resolved, prompt fragments not yet joined; `recipe` is the
    canonical JSON text of the frozen recipe, from which `recipe_key` follows.
    """

    id: VersionId
    number: int
    parents: tuple[VersionId, ...]
    author: MemberId
    time: Time
    note: str
    tier: Tier
    parameters: Mapping[str, Any]
    links: tuple[Link, ...]
    recipe: str
    recipe_key: RecipeKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumed:
    """The bytes an input really had when a take was made."""

    role: str
    sha256: FileDigest


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One rendered result of a version; `item` k of a count has `recipe_key` of `recipe.item(k)`.

    `number` counts within the version, `file` is the path below the project folder that was given when it was
    published, `profile` the digest of the fingerprint that the project document keeps, `imported` that the picture
    came from outside.
    """

    id: TakeId
    version: VersionId
    number: int
    item: int
    recipe_key: RecipeKey
    sha256: FileDigest
    pixels: PixelDigest
    bytes: int
    media_type: str
    width: int
    height: int
    frames: int
    profile: str
    seconds: float
    worker: SessionId
    member: MemberId
    device: DeviceId
    time: Time
    provisional: bool
    own_noise: bool
    file: str
    consumed: tuple[Consumed, ...] = ()
    thumb: FileDigest | None = None
    proxy: FileDigest | None = None
    latents: FileDigest | None = None
    imported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A take rendered again and compared: a proof (`purpose` prove) or a bring-back (`purpose` fetch).

    `psnr_db` and `ssim` are missing when the original was gone and only digests could be compared; infinite PSNR is
    missing with `grade` R0. `sha256` names the bytes that were struck; after a fetch they serve the take.
    """

    id: FactId
    take: TakeId
    purpose: str
    grade: Grade
    sha256: FileDigest
    pixels: PixelDigest
    bytes: int
    psnr_db: float | None = None
    ssim: float | None = None
    profile: str
    seconds: float
    member: MemberId
    device: DeviceId
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A take became the asset's chosen one, or (`withdrawn`) is no longer; the newest fact counts."""

    id: FactId
    take: TakeId
    withdrawn: bool
    author: MemberId
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A tombstone: `device` deleted its bytes of a take, being sure of `grade`; kept for ever."""

    id: FactId
    take: TakeId
    sha256: FileDigest
    bytes: int
    grade: Grade
    member: MemberId
    device: DeviceId
    time: Time


# --- in the project document --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A project-wide choice (`name`, `default_model`, `paused` …) as JSON value; the newest counts."""

    id: FactId
    key: str
    value: Any
    author: MemberId
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model the project knows by digest; `supersedes` names the digest it is meant to replace."""

    id: FactId
    digest: ModelDigest
    name: str
    pipeline: str
    bytes: int
    source: str
    licence: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    author: MemberId
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Model `old` is replaced by `new` from now on; nothing moves by itself."""

    id: FactId
    old: ModelDigest
    new: ModelDigest
    author: MemberId
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A fingerprint, kept once under its digest."""

    id: str
    fingerprint: Mapping[str, Any]


# --- in a queue segment (QUEUE: one writing session a key) ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`q`: a session wishes that a version's item be rendered at a tier; `vt` is GPU-seconds served to the asker."""

    job: JobId
    session: SessionId
    asset: AssetId
    version: VersionId
    item: int
    tier: Tier
    vt: float
    member: MemberId
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`c`: a session's statement that it does the job at `epoch`."""

    job: JobId
    session: SessionId
    epoch: int
    member: MemberId
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """`e`: a session's claim at `epoch` ended without a result; `code` is `released` or what failed."""

    job: JobId
    session: SessionId
    epoch: int
    code: str
    message: str
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """`f`: the job has a result; of several the smallest digest is shown."""

    job: JobId
    session: SessionId
    take: TakeId
    sha256: FileDigest
    seconds: float
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """`x`: the job of this generation was called off by a member."""

    job: JobId
    session: SessionId
    member: MemberId
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """`p`: a member's standing vote for a job, +1 or -1 or 0; `count` rises with each change and the largest counts."""

    job: JobId
    member: MemberId
    value: int
    count: int
    time: Time


# --- what belongs together --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFacts:
    """All that is known of one asset, in no particular order; `sync.rules` reads meaning from it."""

    asset: Asset
    renamed: tuple[Renamed, ...] = ()
    removed: tuple[Removed, ...] = ()
    versions: tuple[Version, ...] = ()
    takes: tuple[Take, ...] = ()
    struck: tuple[Struck, ...] = ()
    approved: tuple[Approved, ...] = ()
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """All that is known of one job, over all segments, in no particular order."""

    job: JobId
    wishes: tuple[Wish, ...] = ()
    claims: tuple[Claim, ...] = ()
    ended: tuple[Ended, ...] = ()
    finished: tuple[Finished, ...] = ()
    called: tuple[Called, ...] = ()
    votes: tuple[Vote, ...] = ()
