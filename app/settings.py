"""What a person set on this machine: `RESTRIKE_HOME` and the settings.json in it.

`RESTRIKE_HOME` holds the device identity, settings, models and cache; without it the platform's own folder is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from engine.faults import BadField, Damaged

FILE: Final = "settings.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of this machine, every default filled in.

    `device` is where pictures are rendered (`auto`, `cpu`, `cuda`, `mps`), `threads` what the render child uses: the
    same number everywhere makes equal pixels likelier, so it is 1 unless set. `keyring` keeps the device key in the
    system's keyring instead of a file that only its owner can read. `member` is the name that others see. `knocks` lets
    devices without a ticket ask an owner's device on the local network to be let in. `relay` and `ice`, URLs of STUN
    and TURN servers, are for projects that were not told of others.
    """

    device: str = "auto"
    threads: int = 1
    keyring: bool = False
    member: str = ""
    knocks: bool = True
    relay: str = ""
    ice: tuple[str, ...] = ()


_RANGES: Final[Mapping[str, tuple[type, str]]] = {
    "device": (str, "auto, cpu, cuda, cuda:N or mps"),
    "threads": (int, "1 to 256"),
    "keyring": (bool, "true or false"),
    "member": (str, "a name of at most 64 characters"),
    "knocks": (bool, "true or false"),
    "relay": (str, "an address like wss://relay.example.org"),
    "ice": (tuple, "a list of at most 8 servers such as stun:stun.example.org"),
}


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of this device; not made yet."""
    if named := environment.get("RESTRIKE_HOME"):
        return Path(named).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("restrike", appauthor=False))


def read(home_folder: Path) -> Settings:
    """The settings in `home_folder`, defaults where nothing is set; raises `Damaged` or `BadField`."""
    path = home_folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (ValueError, RecursionError) as error:
        raise Damaged(
            f"{path} is not JSON: {error}", "mend it, or delete it to go back to the defaults"
        ) from error
    if not isinstance(found, dict):
        raise Damaged(f"{path} holds no JSON object", "mend it, or delete it to go back to the defaults")
    known = {field.name for field in fields(Settings)}
    return Settings(**{name: check(name, value) for name, value in found.items() if name in known})


def write(home_folder: Path, settings: Settings) -> None:
    """Save the settings, whole or not at all; what a later release put there is kept."""
    home_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = home_folder / FILE
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps({**kept, **asdict(settings)}, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)


def check(name: str, value: Any) -> Any:
    """`value` if the setting `name` may have it; raises `BadField`."""
    if name not in _RANGES:
        raise BadField(f"setting {name}", value, ", ".join(_RANGES))
    kind, allowed = _RANGES[name]
    if kind is tuple and isinstance(value, list):
        value = tuple(value)
    fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    if name == "threads":
        fits = fits and 1 <= value <= 256
    if name == "member":
        fits = fits and len(value) <= 64 and value.isprintable()
    if name == "relay":
        fits = fits and len(value) <= 255 and value.isprintable()
    if name == "ice":
        fits = fits and len(value) <= 8 and all(isinstance(one, str) for one in value)
    if name == "device":
        fits = fits and (
            value in ("auto", "cpu", "cuda", "mps") or (value[:5] == "cuda:" and value[5:].isdigit())
        )
    if not fits:
        raise BadField(f"setting {name}", value, allowed)
    return value
