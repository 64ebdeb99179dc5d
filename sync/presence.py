"""Who is here and what each does just now: looked at, edited, rendered. Said often, never stored, gone with its peer.

A word is one JSON object of at most `LARGEST` bytes, a preview is a job's id and a picture. `Voice` says what this
device does, as seldom as the limits ask; `Room` keeps what the others said last. A field that somebody edits is held
softly: it is shown as theirs until `HOLD` seconds after their last word, and nobody is kept from editing it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from engine.faults import Damaged
from sync.rates import Bucket
from sync.records import DeviceId

LARGEST: Final = 1024
LARGEST_PREVIEW: Final = 60 * 1024
WORDS_A_SECOND: Final = 10
PREVIEWS_A_SECOND: Final = 4
BURST_SECONDS: Final = 2.0
"""Seconds' worth of words that may come at once, after a silence."""
SPACING: Final = 0.125
PREVIEW_SPACING: Final = 0.3
"""Seconds between two of one's own: a little more than the limits ask, since a network may bring them closer."""
REPEAT: Final = 4.0
"""Seconds after which a word is said again, so that what was lost or held is heard all the same."""
HOLD: Final = 10.0
AWAY: Final = 11.5
"""Seconds of silence after which a worker is counted out."""

_LONGEST: Final = {"instance": 64, "looking": 64, "session": 64, "region": 40}
LONGEST_JOB: Final = 80
"""Characters of a job's id: a recipe key, a point, and the generation."""
_MOST_FIELDS: Final = 16
_LONGEST_FIELD: Final = 64


@dataclass(frozen=True, slots=True)
class Doing:
    """A picture being rendered: job and asset, the stage, and how far it is."""

    job: str
    asset: str
    stage: str
    step: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What one device says of itself: where it is found, what its person looks at and edits, what it renders.

    `instance` is the name it is found by on the network, `port` where it is asked for links, `pictures` the one where
    it hands out pictures; `editing` names an asset and its fields, none for all of them; `worker` says that it works
    on the queue.
    """

    instance: str = ""
    port: int = 0
    pictures: int = 0
    session: str = ""
    looking: str = ""
    editing: tuple[str, tuple[str, ...]] | None = None
    doing: Doing | None = None
    worker: bool = False
    paused: bool = False
    region: str = ""

    @property
    def state(self) -> str:
        """In one word."""
        if self.doing is not None:
            return "rendering"
        if self.editing is not None:
            return "editing"
        return "paused" if self.paused else "idle"


def encode(present: Present) -> bytes:
    """The word that says it; raises ValueError if it takes more than `LARGEST` bytes."""
    said = {name: value for name, value in asdict(present).items() if value}
    data = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > LARGEST:
        raise ValueError(f"a word of {len(data)} bytes is too long")
    return data


def decode(data: bytes) -> Present:
    """Read a word; raises `Damaged`. What a later release says besides is left out."""
    try:
        if len(data) > LARGEST:
            raise ValueError(f"it has {len(data)} bytes")
        found = json.loads(data)
        if not isinstance(found, dict):
            raise ValueError("it is no object")
        texts = {name: _text(found.get(name, ""), most) for name, most in _LONGEST.items()}
        return Present(
            **texts,
            editing=_editing(found.get("editing")),
            doing=_doing(found.get("doing")),
            port=_count(found.get("port", 0), 65_535),
            pictures=_count(found.get("pictures", 0), 65_535),
            worker=found.get("worker") is True,
            paused=found.get("paused") is True,
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Damaged(
            f"a word of presence cannot be read: {error}", "update Restrike on both devices to one release"
        ) from error


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise ValueError("a text in it is wrong")
    return value


def _editing(value: Any) -> tuple[str, tuple[str, ...]] | None:
    if value is None:
        return None
    asset, fields = value
    if not isinstance(fields, list) or len(fields) > _MOST_FIELDS:
        raise ValueError("its fields are wrong")
    return _text(asset, 64), tuple(_text(one, _LONGEST_FIELD) for one in fields)


def _doing(value: Any) -> Doing | None:
    if value is None:
        return None
    return Doing(
        job=_text(value["job"], LONGEST_JOB),
        asset=_text(value["asset"], 64),
        stage=_text(value["stage"], 40),
        step=_count(value["step"]),
        steps=_count(value["steps"]),
    )


def _count(value: Any, most: int = 1_000_000) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError("a number in it is wrong")
    return value


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture of a job that is being rendered, small."""

    job: str
    picture: bytes

    def encode(self) -> bytes:
        """As it travels, longer than any word; raises ValueError when it is too large."""
        head = self.job.encode() + b"\0"
        data = head.ljust(LARGEST + 1 - len(self.picture), b"\0") + self.picture
        if len(data) > LARGEST_PREVIEW:
            raise ValueError(f"a preview of {len(data)} bytes is too large")
        return data


def decode_preview(data: bytes) -> Preview:
    """Read a preview; raises `Damaged`. The picture is bytes of a stranger still: whoever shows it checks it."""
    job, _, padded = data.partition(b"\0")
    picture = padded.lstrip(b"\0")
    try:
        if not picture or len(data) > LARGEST_PREVIEW:
            raise ValueError("its size is wrong")
        return Preview(_text(job.decode(), LONGEST_JOB), picture)
    except ValueError as error:
        raise Damaged(
            f"a preview cannot be read: {error}", "update Restrike on both devices to one release"
        ) from error


@dataclass(slots=True)
class Seen:
    """What is known of one other device: its last word, when it was heard, and the newest preview."""

    present: Present
    heard: float
    linked: bool = True
    preview: Preview | None = None
    refused: int = 0
    words: Bucket = field(default_factory=lambda: _bucket(WORDS_A_SECOND, 0.0))
    pictures: Bucket = field(default_factory=lambda: _bucket(PREVIEWS_A_SECOND, 0.0))


def _bucket(rate: float, now: float) -> Bucket:
    return Bucket(rate, int(rate * BURST_SECONDS), now)


class Room:
    """Everybody else who is here."""

    def __init__(self) -> None:
        self._seen: dict[DeviceId, Seen] = {}

    def __iter__(self) -> Iterator[DeviceId]:
        return iter(self._seen)

    def entered(self, device: DeviceId, now: float) -> None:
        """A device is linked; it has said nothing yet, or something before its link was lost."""
        seen = self._seen.setdefault(device, _new(now))
        seen.linked, seen.heard = True, now

    def heard(self, device: DeviceId, now: float) -> None:
        """A sign of life came, a heartbeat or anything else."""
        if device in self._seen:
            self._seen[device].heard = now

    def admits(self, device: DeviceId, now: float) -> bool:
        """Whether a device may say something more just now; that it spoke is noted in any case."""
        seen = self._seen.setdefault(device, _new(now))
        seen.heard = now
        if seen.words.take(1, now):
            return True
        seen.refused += 1
        return False

    def said(self, device: DeviceId, data: bytes, now: float) -> bool:
        """A word came: whether it changes anything. What is above the limit is left out; raises `Damaged`."""
        if not self.admits(device, now):
            return False
        seen = self._seen[device]
        present = decode(data)
        changed = present != seen.present
        if present.doing is None:
            seen.preview = None
        seen.present = present
        return changed

    def showed(self, device: DeviceId, data: bytes, now: float) -> Preview | None:
        """A preview came: what it shows, None when it is above the limit or of no job at hand; raises `Damaged`."""
        seen = self._seen.setdefault(device, _new(now))
        seen.heard = now
        if not seen.pictures.take(1, now):
            seen.refused += 1
            return None
        preview = decode_preview(data)
        if seen.present.doing is None or seen.present.doing.job != preview.job:
            return None
        seen.preview = preview
        return preview

    def left(self, device: DeviceId, *, gone: bool) -> None:
        """The link is lost; of a device that said goodbye (`gone`) everything is forgotten, else a worker waits."""
        seen = self._seen.get(device)
        if seen is None:
            return
        if gone or not (seen.present.worker or seen.present.doing):
            del self._seen[device]
            return
        seen.linked, seen.preview = False, None
        present = seen.present
        seen.present = Present(
            session=present.session,
            doing=present.doing,
            worker=present.worker,
            paused=present.paused,
            region=present.region,
        )

    def out(self, now: float) -> list[DeviceId]:
        """Count out whoever has no link and was silent for `AWAY` seconds."""
        late = [device for device, seen in self._seen.items() if not seen.linked and now - seen.heard >= AWAY]
        for device in late:
            del self._seen[device]
        return late

    def of(self, device: DeviceId) -> Seen | None:
        """What is known of a device, None when it is not here."""
        return self._seen.get(device)

    def held(self, asset: str, now: float) -> Mapping[str, tuple[DeviceId, ...]]:
        """The fields of an asset that others edit, each with who they are; a whole asset is the field `""`."""
        found: dict[str, tuple[DeviceId, ...]] = {}
        for device, seen in sorted(self._seen.items()):
            editing = seen.present.editing
            if editing is None or editing[0] != asset or now - seen.heard >= HOLD:
                continue
            for name in editing[1] or ("",):
                found[name] = (*found.get(name, ()), device)
        return found

    def edited(self, now: float) -> Iterator[tuple[str, DeviceId, str]]:
        """What others edit: the asset, who, and the field, which is `""` for all of them."""
        for device, seen in sorted(self._seen.items()):
            editing = seen.present.editing
            if editing is not None and now - seen.heard < HOLD:
                for name in editing[1] or ("",):
                    yield editing[0], device, name


def _new(now: float) -> Seen:
    return Seen(Present(), now, words=_bucket(WORDS_A_SECOND, now), pictures=_bucket(PREVIEWS_A_SECOND, now))


class Voice:
    """What this device says of itself: at once where the limits allow it, else the newest when they do."""

    def __init__(self) -> None:
        self.present = Present()
        self._said: Present | None = None
        self._at = float("-inf")
        self._shown = float("-inf")

    def due(self, now: float) -> bytes | None:
        """The word to say now to everybody, if there is one."""
        if now < self.next():
            return None
        self._said, self._at = self.present, now
        return encode(self.present)

    def next(self) -> float:
        """When `due` is worth asking."""
        return self._at + (SPACING if self.present != self._said else REPEAT)

    def show(self, preview: Preview, now: float) -> bytes | None:
        """The preview as it travels, None while the last one is too fresh."""
        if now - self._shown < PREVIEW_SPACING:
            return None
        self._shown = now
        return preview.encode()
