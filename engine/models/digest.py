"""The identity of a model: one digest over everything that loading it reads, and the digest of each file beside it.

`sha256("model/1\\0" + manifest)`, the manifest being JSON with sorted names: the model index, and for each component
the digest of each settings file and of its tensors. JSON files are read and written again without what only says who
saved them (`VOLATILE`), text files lose carriage returns, and the tensors count as `engine.models.tensors` says; so
saving a model again changes nothing, and neither do README, card or previews.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.models import tensors
from engine.models.faults import AGAIN, ModelDamaged
from engine.models.folder import Component, Folder, read_json
from engine.recipe import FileDigest, ModelDigest

VOLATILE: Final = frozenset(
    {
        "_diffusers_version",
        "_name_or_path",
        "_commit_hash",
        "transformers_version",
        "name_or_path",
        "special_tokens_map_file",
        "tokenizer_file",
    }
)
"""Fields of configurations that say who saved them, and when and where."""


def digest(folder: Folder) -> ModelDigest:
    """Hash the model, reading every byte of its weights once."""
    return _digest(folder, None)


def digest_with_files(folder: Folder) -> tuple[ModelDigest, dict[str, FileDigest]]:
    """Hash the model and each of its files, by path inside the folder, reading every byte once."""
    found: dict[Path, FileDigest] = {}
    model = _digest(folder, found)
    for path in folder.files():
        if path not in found:
            found[path] = FileDigest(hashlib.sha256(path.read_bytes()).hexdigest())
    return model, {path.relative_to(folder.path).as_posix(): found[path] for path in sorted(found)}


def _digest(folder: Folder, found: dict[Path, FileDigest] | None) -> ModelDigest:
    index = {name: value for name, value in folder.index.items() if value != [None, None]}
    manifest = {
        "index": _writing(json.dumps(index)),
        "components": {one.name: _component(one, found) for one in folder.components},
    }
    writing = json.dumps(manifest, sort_keys=True).encode()
    return ModelDigest(hashlib.sha256(b"model/1\0" + writing).hexdigest())


def _component(component: Component, found: dict[Path, FileDigest] | None) -> dict[str, Any]:
    settings = {one.name: _settings(one) for one in component.settings}
    together: dict[str, tensors.Tensor] = {}
    for path in component.weights:
        scanned = tensors.scan(path, whole=found is not None)
        if found is not None and scanned.sha256:
            found[path] = scanned.sha256
        if twice := together.keys() & scanned.tensors.keys():
            raise ModelDamaged(f"{component.name} holds tensor {min(twice)} twice", AGAIN)
        together.update(scanned.tensors)
    if component.index:
        _check_index(component.index, together)
    return {"settings": settings, "tensors": tensors.digest(together)} if together else {"settings": settings}


def _check_index(index: Path, together: Mapping[str, tensors.Tensor]) -> None:
    listed = read_json(index)["weight_map"].keys()
    if odd := listed ^ together.keys():
        raise ModelDamaged(f"{index.name} and the pieces disagree about tensor {min(odd)}", AGAIN)


def _settings(path: Path) -> str:
    raw = path.read_bytes()
    if path.suffix == ".json":
        try:
            raw = _writing(raw.decode()).encode()
        except (ValueError, RecursionError) as error:
            raise ModelDamaged(f"{path.parent.name}/{path.name} is not JSON", AGAIN) from error
    elif path.suffix != ".model":
        raw = raw.replace(b"\r\n", b"\n")
    return hashlib.sha256(raw).hexdigest()


def _writing(text: str) -> str:
    """JSON in one writing: names sorted, no spaces, 7.0 as 7; token lists are long, so it is left to C."""
    value = json.loads(text, parse_float=_number)
    if isinstance(value, dict):
        value = {name: one for name, one in value.items() if name not in VOLATILE}
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
