"""What the server answers, as frozen values; keys that a newer server adds are left out, missing ones have defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeVar

from .problem import Problem

T = TypeVar("T")
KEY: Final = "key"
EACH: Final = "each"
REQUIRED: Final = object()


def shaped(kind: type[T], value: Any) -> T:
    """`value`, a JSON object, as one of the classes below; raises `Problem` when it lacks what makes it one."""
    if not isinstance(value, Mapping):
        raise Problem(f"the answer holds no {kind.__name__}", "server and client do not fit", code="foreign")
    found: dict[str, Any] = {}
    for one in fields(kind):  # type: ignore[arg-type]
        key = one.metadata.get(KEY, one.name)
        if key in value:
            found[one.name] = _each(one.metadata.get(EACH), value[key])
    try:
        return kind(**found)
    except TypeError as error:
        raise Problem(f"the answer lacks parts of a {kind.__name__}", str(error), code="foreign") from error


def several(kind: type[T], values: Iterable[Any]) -> list[T]:
    """Each of `values` as `kind`."""
    return [shaped(kind, one) for one in values]


def _each(kind: Any, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value if kind is None else several(kind, value))
    return value


def _of(kind: type, key: str | None = None) -> Any:
    return field(default=(), metadata={EACH: kind} | ({KEY: key} if key else {}))


def _called(key: str, default: Any = "") -> Any:
    return field(default=default, metadata={KEY: key})


def _empty() -> Any:
    return field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of a command that goes on."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Working:
    """How far one piece of a command's work is; `over` when the piece has ended."""

    key: str
    what: str
    stage: str
    step: int
    steps: int
    done: int = 0
    total: int = 1
    eta_s: float | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """An asset that feeds another one, as `role`."""

    asset: str
    role: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """A named thing being made, at its current version; `takes` are the ids of its pictures, the oldest first."""

    id: str
    name: str = ""
    kind: str = ""
    scene: str | None = None
    version: int = 0
    version_id: str = ""
    version_label: str = ""
    tier: str = ""
    note: str = ""
    parameters: Mapping[str, Any] = _empty()
    recipe: Mapping[str, Any] = _empty()
    recipe_key: str = ""
    forked: bool = False
    stale: bool = False
    removed: bool = False
    approved: str | None = None
    inputs: tuple[Link, ...] = _of(Link)
    takes: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A saved recipe of an asset."""

    id: str
    number: int = 0
    label: str = ""
    parents: tuple[str, ...] = ()
    author: str = ""
    time: str = ""
    note: str = ""
    tier: str = ""
    recipe_key: str = ""
    parameters: Mapping[str, Any] = _empty()
    inputs: tuple[Link, ...] = _of(Link)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One claim of a job that ended without a picture."""

    worker: str = ""
    code: str = ""
    message: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """The wish for a picture: pending, owned, running, finished, cancelled or failed; `eta_s` seconds remain."""

    id: str
    asset: str = ""
    asset_name: str = ""
    version: int = 0
    version_id: str = ""
    version_label: str = ""
    item: int = 0
    tier: str = ""
    state: str = ""
    owner: str | None = None
    votes: int = 0
    generation: int = 0
    progress: float | None = None
    stage: str | None = None
    eta_s: float | None = None
    reason: str | None = None
    attempts: tuple[Attempt, ...] = _of(Attempt)
    take: str | None = None
    deduplicated: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in ("finished", "cancelled", "failed")


@dataclass(frozen=True, slots=True)
class Proof:
    """One time a take was rendered again and compared."""

    id: str = ""
    purpose: str = ""
    grade: str = _called("class")
    psnr_db: float | None = None
    ssim: float | None = None
    time: str = ""


@dataclass(frozen=True, slots=True)
class Take:
    """A picture of a version; `grade` is its class (R0 to R3, or unproved), `present` says where its bytes are."""

    id: str
    asset: str = ""
    asset_name: str = ""
    kind: str = ""
    scene: str | None = None
    version: int = 0
    version_id: str = ""
    version_label: str = ""
    number: int = 0
    label: str = ""
    recipe_key: str = ""
    sha256: str = ""
    pixels_sha256: str = ""
    bytes: int = 0
    media_type: str = ""
    width: int = 0
    height: int = 0
    frames: int = 1
    grade: str = _called("class")
    class_reason: str = ""
    proofs: tuple[Proof, ...] = _of(Proof)
    fingerprint: Mapping[str, Any] = _empty()
    seconds: float = 0.0
    member: str = ""
    time: str = ""
    approved: bool = False
    provisional: bool = False
    imported: bool = False
    present: tuple[str, ...] = ()
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A neural network that the project names or the machine has."""

    name: str
    digest: str = ""
    bytes: int = 0
    pipeline: str = ""
    source: str = ""
    licence: str = ""
    present: tuple[str, ...] = ()
    assets: int = 0
    default: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """An open project; `by` is the command that opened it."""

    id: str
    name: str = ""
    version: int = 0
    assets: int = 0
    versions: int = 0
    takes: int = 0
    by: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """What is in a project and what is going on; `jobs` counts them by state."""

    project: str
    name: str = ""
    documents: int = 0
    heads: str = ""
    assets: int = 0
    versions: int = 0
    takes: int = 0
    jobs: Mapping[str, int] = _empty()
    paused: bool = False
    peers: int = 0
    blobs: Mapping[str, int] = _empty()


@dataclass(frozen=True, slots=True)
class State:
    """The regenerative state: assets, and the number that a save is based on."""

    version: int
    assets: tuple[Asset, ...] = _of(Asset)
    project: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save: the ids of assets that got a new version, and of those that would say nothing new."""

    version: int
    assets: tuple[Asset, ...] = _of(Asset)
    saved: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Storage:
    """The bytes on the server's machine; the lists hold objects with what they are for and `bytes`."""

    bytes: int
    regeneratable_bytes: int = 0
    permanent_bytes: int = 0
    recipes_bytes: int = 0
    takes: int = 0
    by_asset: tuple[Mapping[str, Any], ...] = ()
    by_kind: tuple[Mapping[str, Any], ...] = ()
    by_model: tuple[Mapping[str, Any], ...] = ()
    by_tier: tuple[Mapping[str, Any], ...] = ()
    by_class: tuple[Mapping[str, Any], ...] = ()
    by_age: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that changed: `type` such as `server:job_changed`; `id` is what to go on from after a break."""

    type: str
    id: str = ""
    time: str = ""
    seq: int = 0
    subject: str | None = None
    reply_to: str | None = None
    data: Mapping[str, Any] = _empty()
