"""The models on this machine: where each digest lies, and whether its weights are still what they were.

One small file a model in `HOME/models/`, written atomically, so that processes never lose each other's additions. It
keeps the state of every file (size, times, inode) as it was before hashing; while nothing changed the digest is
trusted, otherwise the model is hashed again. As in Git's index, a state counts only when it was written more than
`RACY` after the files' last change: a later change might carry the same time.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.faults import BadField, Fault, NoSpace
from engine.models.facts import ModelFacts
from engine.models.faults import ModelDamaged, ModelFault, ModelMissing
from engine.models.folder import INDEX
from engine.models.reading import read
from engine.recipe import ModelDigest

RACY: Final = 2_000_000_000
"""Nanoseconds; the coarsest clock of a file system in use (FAT) ticks every two seconds."""

BUNDLED: Final = "comes with Restrike"
"""The source of a bundled model."""

State = Mapping[str, list[int]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One model in one folder, as it was when it was last hashed; `racy` when its state proves nothing yet."""

    folder: Path
    facts: ModelFacts
    state: State
    racy: bool

    def changed(self) -> bool:
        """Whether any file was written to since, judged without reading one."""
        return _state(self.folder, self.facts.files) != self.state

    def proved(self) -> bool:
        """Whether the state alone shows that the model is what it was."""
        return not self.racy and not self.changed()


class Installed:
    """What is on this machine; bundled models are found where they lie, others in the folder they were added from."""

    def __init__(self, home: Path, bundled: Sequence[Path]) -> None:
        self._entries = home / "models"
        self._bundled = tuple(path.resolve() for path in bundled)

    def add(self, folder: Path, name: str | None = None) -> ModelFacts:
        """Check, hash and register a folder, which stays where it is; raises what `read` raises.

        The same folder added again with other weights is another model; its old digest is then known as damaged.
        """
        return self._register(folder.resolve(), *_measure(folder.resolve(), name)).facts

    def facts(self) -> list[ModelFacts]:
        """Every model on this machine, bundled ones first, then by name; what is known already is not hashed.

        Models whose folder is gone are left out, and bundled ones that are damaged (see `faults`).
        """
        known = list(self._known())
        found = {entry.facts.digest: entry.facts for entry in self._ours(known)[0]}
        for entry in sorted(known, key=lambda one: (one.facts.name, one.facts.digest)):
            others = any(one.folder == entry.folder and one is not entry for one in known)
            there = entry.folder.is_dir() and not (others and entry.changed())
            if there and entry.folder not in self._bundled:
                found.setdefault(entry.facts.digest, entry.facts)
        return list(found.values())

    def bundled(self) -> list[ModelFacts]:
        """The sound models that come with the program, in the order they were given."""
        return [entry.facts for entry in self._ours(list(self._known()))[0]]

    def faults(self) -> list[ModelFault]:
        """What is wrong with the models that come with the program."""
        return self._ours(list(self._known()))[1]

    def locate(self, digest: ModelDigest) -> Path:
        """The folder of a model whose weights are what they were; hashed again only where its files changed.

        Raises `ModelMissing` when it is not here, `ModelDamaged` when its folder now holds another model.
        """
        return self._sound(digest, trusting=True).folder

    def verify(self, digest: ModelDigest) -> ModelFacts:
        """Hash the model again now; raises like `locate`."""
        return self._sound(digest, trusting=False).facts

    def _sound(self, digest: ModelDigest, *, trusting: bool) -> Entry:
        known = list(self._known())
        mine = [entry for entry in known if entry.facts.digest == digest]
        mine += [
            entry for entry in self._ours(known)[0] if entry.facts.digest == digest and entry not in mine
        ]
        faults: list[ModelFault] = []
        for entry in mine:
            if trusting and entry.proved():
                return entry
            try:
                return self._again(entry)
            except ModelFault as fault:
                faults.append(fault)
        if faults:
            raise faults[0]
        said = f"no model {digest[:12]}… is on this machine"
        raise ModelMissing(said, "get its folder and add it with `restrike model add FOLDER`")

    def _again(self, entry: Entry) -> Entry:
        """The entry hashed anew; what is on record stays when its folder turned into another model."""
        facts, state = _measure(entry.folder, entry.facts.name)
        if facts.digest != entry.facts.digest:
            raise ModelDamaged(
                f"model {entry.facts.name} changed: it was {entry.facts.digest}, and its folder {entry.folder} now "
                f"holds {facts.digest}",
                "put the old files back, or add the folder again to use it as another model",
            )
        return self._register(entry.folder, facts, state)

    def _ours(self, known: Iterable[Entry]) -> tuple[list[Entry], list[ModelFault]]:
        """The bundled models as they are now, hashing those that are new or changed, and what is wrong."""
        found: list[Entry] = []
        faults: list[ModelFault] = []
        for folder in self._bundled:
            entry = next((one for one in known if one.folder == folder and one.proved()), None)
            try:
                found.append(entry or self._register(folder, *_measure(folder, None)))
            except ModelFault as fault:
                faults.append(fault)
        return found, faults

    def _known(self) -> Iterator[Entry]:
        for path in sorted(self._entries.glob("*.json")):
            if entry := _read_entry(path):
                yield entry

    def _register(self, folder: Path, facts: ModelFacts, state: State) -> Entry:
        if folder in self._bundled:
            facts = replace(facts, source=BUNDLED)
        value = {"folder": str(folder), "facts": facts.to_json(), "state": state}
        place = hashlib.sha256(f"{facts.digest}\0{folder}".encode()).hexdigest()[:32]
        path = self._entries / f"{place}.json"
        try:
            self._entries.mkdir(parents=True, exist_ok=True)
            _replace(path, json.dumps(value).encode())
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise NoSpace(
                    "the disk is full, the model was not registered", "free some space and try again"
                ) from error
            raise Fault(f"{path} cannot be written: {error.strerror}", "look at its permissions") from error
        return Entry(folder, facts, state, _racy(path, state))


def _read_entry(path: Path) -> Entry | None:
    """What is on record in a file; one that cannot be read is derived data and counts as absent."""
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        facts, state = ModelFacts.from_json(value["facts"]), value["state"]
        return Entry(Path(value["folder"]), facts, state, _racy(path, state))
    except (OSError, ValueError, KeyError, TypeError, RecursionError, BadField):
        return None


def _racy(entry: Path, state: State) -> bool:
    newest = max((max(written, changed) for _, written, changed, _ in state.values()), default=0)
    return newest + RACY >= entry.stat().st_mtime_ns


def _measure(folder: Path, name: str | None) -> tuple[ModelFacts, State]:
    """The facts of a folder and its state from before they were read."""
    inside = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    before = _state(folder, inside)
    facts = read(folder, name)
    return facts, {path: before[path] for path in _watched(facts.files) if path in before}


def _watched(files: Iterable[str]) -> list[str]:
    """The files and the folders they lie in: a file that appears beside others changes its folder's time."""
    found = {INDEX, *files}
    folders = {parent for path in found if (parent := path.rpartition("/")[0])}
    return sorted(found | folders)


def _state(folder: Path, files: Iterable[str]) -> dict[str, list[int]]:
    """Size, both times in nanoseconds and inode of every watched path; absent ones are left out."""
    found = {}
    for path in _watched(files):
        try:
            one = (folder / path).stat()
        except OSError:
            continue
        found[path] = [one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino]
    return found


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
