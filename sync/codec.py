"""Records as compact JSON text and back; a fact's key and its text together are the record.

Left out of the text are what the key says, what is missing (`None`), what equals the record's default, and in a
version those fields of its recipe that repeat its parameters. Readers ignore fields they do not know, and check the
type of each they do: facts come from other devices.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final, NoReturn, Union, get_args, get_origin, get_type_hints

from engine.faults import BadField, Damaged
from sync.records import Version

LARGEST_TEXT: Final = 16 * 1024
"""The most bytes that a fact's text may have."""
LARGEST_KEY: Final = 256
SEPARATOR: Final = "/"
_SHARED: Final = "recipe_rest"

Read = Callable[[Any], Any]


def key(record: Any, keyed: tuple[str, ...]) -> str:
    """The key of a record: its `keyed` fields, joined by slashes."""
    parts = [str(getattr(record, name)) for name in keyed]
    found = SEPARATOR.join(parts)
    if not all(parts) or any(SEPARATOR in one for one in parts) or len(found.encode()) > LARGEST_KEY:
        raise BadField(keyed[0], found, f"an id without slashes, keys of at most {LARGEST_KEY} bytes")
    return found


def encode(record: Any, keyed: tuple[str, ...]) -> str:
    """The text of a record whose `keyed` fields are in its key; raises `BadField` where it is larger than 16 kB."""
    found = {
        f.name: plain(getattr(record, f.name))
        for f in fields(record)
        if f.name not in keyed and not _omitted(getattr(record, f.name), f)
    }
    if isinstance(record, Version):
        _share(found)
    try:
        text = dumps(found)
        size = len(text.encode())
    except (ValueError, TypeError) as error:
        raise BadField(type(record).__name__.lower(), found, f"plain JSON values: {error}") from error
    if size > LARGEST_TEXT:
        name = max(found, key=lambda one: len(dumps(found[one])))
        raise BadField(
            name,
            found[name],
            f"at most {LARGEST_TEXT} bytes for everything in one {type(record).__name__.lower()}",
        )
    return text


def decode(record: type[Any], keyed: tuple[str, ...], key: str, text: str) -> Any:
    """The record that `encode` wrote; raises `Damaged` when a field is missing or has another type."""
    try:
        value = parsed(text)
        if record is Version:
            _unshare(value)
        readers, optional = _readers(record), _optional(record)
        taken = dict.fromkeys(optional) if optional else {}
        for name, one in value.items():
            if (reader := readers.get(name)) is not None:
                taken[name] = one if reader is _text and type(one) is str else reader(one)
        for name, part in zip(keyed, key.split(SEPARATOR), strict=True):
            taken[name] = readers[name](_from_key(readers[name], part))
        return record(**taken)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise Damaged(
            f"a stored {record.__name__.lower()} cannot be read: {error}", "restrike verify says which"
        ) from error


def parsed(text: str) -> Any:
    """JSON of which every text can be written again and every number is finite; raises ValueError on any other."""
    value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    if "\\u" in text:  # half of a surrogate pair is no text
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    found = float(text)
    return found if math.isfinite(found) else _no_number(text)


def opened(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A version's text as it is, and its recipe as JSON value, its names in the order in which `decode` gives them."""
    value: dict[str, Any] = json.loads(text)
    if _SHARED not in value:
        return value, json.loads(value["recipe"])
    rest, same = value[_SHARED]
    recipe = {**rest, **{name: value["parameters"][name] for name in same}}
    return value, {name: recipe[name] for name in sorted(recipe)}


def dumps(value: Any) -> str:
    """Compact JSON with sorted keys; refuses NaN and infinities."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _from_key(reader: Read, text: str) -> Any:
    return int(text) if reader is _integer else text


def _omitted(value: Any, field: Any) -> bool:
    """Whether reading gives the value back without its being written."""
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    if default is MISSING:
        return value is None and field.type != "Any"
    return type(value) is type(default) and bool(value == default)


def plain(value: Any) -> Any:
    """A record, or a part of one, as plain JSON values; missing fields are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: plain(getattr(value, f.name)) for f in fields(value) if getattr(value, f.name) is not None
        }
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    return value


def _share(found: dict[str, Any]) -> None:
    """Write the recipe as what its parameters do not already say, if exactly the same text comes out of that."""
    text, parameters = found["recipe"], found["parameters"]
    try:
        recipe = json.loads(text)
    except ValueError:
        return
    if not isinstance(recipe, dict):
        return
    same = [
        name for name, one in recipe.items() if name in parameters and dumps(parameters[name]) == dumps(one)
    ]
    rest = {name: one for name, one in recipe.items() if name not in same}
    short = {**found, _SHARED: [rest, sorted(same)]}
    del short["recipe"]
    again = json.loads(dumps(short))
    _unshare(again)
    if again["recipe"] == text:
        del found["recipe"]
        found[_SHARED] = short[_SHARED]


def _unshare(value: dict[str, Any]) -> None:
    if _SHARED in value:
        rest, same = value.pop(_SHARED)
        value["recipe"] = dumps({**rest, **{name: value["parameters"][name] for name in same}})


_READERS: Final[dict[type[Any], dict[str, Read]]] = {}


def _readers(record: type[Any]) -> dict[str, Read]:
    if record not in _READERS:
        hints = get_type_hints(record)
        _READERS[record] = {f.name: _reader(hints[f.name]) for f in fields(record)}
    return _READERS[record]


_OPTIONAL: Final[dict[type[Any], frozenset[str]]] = {}


def _optional(record: type[Any]) -> frozenset[str]:
    """The fields that must be given and may be None."""
    if record not in _OPTIONAL:
        given = [f for f in fields(record) if f.default is MISSING]
        _OPTIONAL[record] = frozenset(f.name for f in given if str(f.type).endswith("| None"))
    return _OPTIONAL[record]


def _reader(hint: Any) -> Read:
    """The check and conversion for one annotated type."""
    hint = getattr(hint, "__supertype__", hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        known: dict[Any, StrEnum] = {str(one): one for one in hint}
        return lambda value: known[_text(value)]
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = _reader(next(one for one in get_args(hint) if one is not types.NoneType))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        item = _reader(get_args(hint)[0])
        return lambda value: tuple(item(one) for one in _of(list, value))
    if origin is not None and issubclass(origin, Mapping):
        return lambda value: _of(dict, value)
    if hint is Any:
        return lambda value: value
    if is_dataclass(hint):
        return lambda value: _nested(hint, _of(dict, value))
    return {int: _integer, float: _number, bool: _truth, str: _text}[hint]


def _nested(record: Any, value: dict[str, Any]) -> Any:
    readers = _readers(record)
    return record(**{name: readers[name](one) for name, one in value.items() if name in readers})


def _of(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r:.80} is not a {kind.__name__}")
    return value


def _text(value: Any) -> str:
    return value if type(value) is str else str(_of(str, value))


def _truth(value: Any) -> bool:
    return bool(_of(bool, value))


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise TypeError(f"{value!r:.80} is not a whole number of 63 bits")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r:.80} is not a number")
    return float(value)
