"""Answers as people read them; what `--json` prints is the same value, untouched.

A command without a picture of its own is shown by its `message`, else as names and values. Written for 80 columns;
marks carry a word, so nothing depends on colour.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

from app.cli import marks, paper, show_team, show_work

Value = Mapping[str, Any]

MOST: Final = 10
"""How many faults of one kind people are shown."""


def show(words: str, value: Value, stream: TextIO) -> None:
    """Write the answer of the command `words` to `stream`."""
    picture = PICTURES.get(words) or show_work.PICTURES.get(words) or show_team.PICTURES.get(words)
    if picture is not None:
        picture(value, stream)
    elif "message" in value:
        paper.say(stream, str(value["message"]))
    else:
        paper.pairs(stream, ((name, marks.one_value(one)) for name, one in value.items()))


def _version(value: Value, stream: TextIO) -> None:
    paper.say(stream, f"restrike {value['version']}")


def _help(value: Value, stream: TextIO) -> None:
    if "text" in value:
        paper.say(stream, value["text"].rstrip("\n"))
        return
    paper.say(stream, "Help pages, read with restrike help TOPIC:\n")
    paper.pairs(stream, ((one["topic"], one["title"]) for one in value["topics"]), indent=2)


def _status(value: Value, stream: TextIO) -> None:
    jobs = ", ".join(f"{count} {state}" for state, count in value["jobs"].items() if count) or "none"
    blobs = value["blobs"]
    rows = [
        ("Project", value["name"]),
        ("Folder", value["folder"]),
        ("Assets", f"{value['assets']} with {value['versions']} versions"),
        ("Takes", str(value["takes"])),
        ("Jobs", jobs + (" (paused: restrike jobs resume)" if value.get("paused") else "")),
        ("Stored", f"{blobs['count']} files, {marks.size(blobs['bytes'])}"),
        ("Peers", str(value["peers"])),
        ("Heads", f"{marks.short(value['heads'])} over {value['documents']} documents"),
    ]
    paper.pairs(stream, rows)
    if value["assets"] == 0:
        paper.say(stream, '\nNext: restrike asset add shot SH010 prompt="a red tower at dusk"')


def _asset_list(value: Value, stream: TextIO) -> None:
    if not value["assets"]:
        paper.say(stream, "No assets here. The first one: restrike asset add character MARA prompt=…")
        return
    rows = [
        [
            one["name"],
            one["kind"],
            one["scene"] or "–",
            one["version_label"],
            marks.TIERS[one["tier"]],
            str(len(one["takes"])),
            _state(one),
        ]
        for one in value["assets"]
    ]
    headings = ("NAME", "KIND", "SCENE", "VERSION", "TIER", "TAKES", "STATE")
    paper.table(stream, headings, rows, right=("TAKES",), give=("NAME", "SCENE"))
    if value.get("more"):
        paper.say(stream, f"{value['more']} more; --limit shows them")


def _state(asset: Value) -> str:
    words = [word for word in ("removed", "forked", "stale") if asset.get(word)]
    if asset.get("approved"):
        words.append("approved")
    return ", ".join(words) or ("–" if asset["takes"] else "no take yet")


def _asset_show(value: Value, stream: TextIO) -> None:
    head = f"{value['name']} {value['version_label']}"
    scene = f", scene {value['scene']}" if value["scene"] else ""
    paper.say(stream, f"{head}  {value['kind']}{scene}")
    from engine.parameters import FIELDS

    given = value["parameters"]
    parameters = {name: given[name] for name in (*FIELDS, *given) if name in given and name != "chosen"}
    chosen = set(value["parameters"].get("chosen", ()))
    rows = [
        (name, marks.one_value(one) + ("" if name in chosen else "  (default)"))
        for name, one in parameters.items()
    ]
    if model := value.get("model_name"):
        rows = [
            (name, f"{model}  {marks.short(parameters['model'])}" if name == "model" else one)
            for name, one in rows
        ]
    paper.say(stream, "")
    paper.pairs(stream, rows, indent=2)
    paper.say(stream, "")
    inputs = (
        "\n".join(f"{one.get('name', one['asset'])} as {one['role']}" for one in value["inputs"]) or "none"
    )
    prompt = value["recipe"].get("prompt", "")
    rows = [
        ("Tier", marks.TIERS[value["tier"]]),
        ("Inputs", inputs),
        ("Prompt as rendered", prompt if value["inputs"] else ""),
        ("Recipe key", value["recipe_key"]),
        ("State", _state(value)),
        ("Merged", " and ".join(value.get("merged", ()))),
        ("Edited now", _editing(value)),
        ("Edited since", ", ".join(value.get("unseen", ()))),
        ("Note", value["note"]),
        ("Used by", ", ".join(value.get("used_by", ()))),
        (
            "Takes",
            f"{len(value['takes'])} (restrike take list {value['name']})" if value["takes"] else "none yet",
        ),
    ]
    paper.pairs(stream, rows)


def _editing(value: Value) -> str:
    return ", ".join(f"{one['field'] or 'all of it'} by {one['name']}" for one in value.get("editing", ()))


def _history(value: Value, stream: TextIO) -> None:
    by_id = {one["id"]: one["label"] for one in value["versions"]}
    rows = [
        [
            one["label"],
            ", ".join(by_id.get(parent, "?") for parent in one["parents"]) or "–",
            marks.day(one["time"]),
            marks.TIERS[one["tier"]],
            marks.short(one["recipe_key"]),
            one["note"] + ("" if one.get("saved", True) else " (not saved yet)") or "–",
        ]
        for one in value["versions"]
    ]
    headings = ("VERSION", "FROM", "SAVED", "TIER", "RECIPE", "NOTE")
    paper.table(stream, headings, rows, give=("NOTE",))


def _diff(value: Value, stream: TextIO) -> None:
    if not value["changed"]:
        paper.say(stream, "Nothing changed between them.")
    _changes(value["changed"], stream)


def _changes(changed: Any, stream: TextIO, indent: int = 0) -> None:
    for one in changed:
        paper.say(stream, " " * indent + one["field"])
        paper.say(stream, " " * indent + f"  from  {marks.one_value(one['from'])}")
        paper.say(stream, " " * indent + f"  to    {marks.one_value(one['to'])}")


def _forks(value: Value, stream: TextIO) -> None:
    if not value["forks"]:
        paper.say(stream, "No asset is forked.")
    for fork in value["forks"]:
        _fork(fork, stream)


def _fork(fork: Value, stream: TextIO) -> None:
    """One fork: its sides by label with who saved them and when, the difference, and how to settle it."""
    labels = " and ".join(one["label"] for one in fork["tips"])
    paper.say(stream, f"{fork['name']} has the tips {labels}")
    if fork["conflicts"]:
        paper.say(stream, f"  set apart: {', '.join(fork['conflicts'])}")
    for one in fork["tips"]:
        by = f" by {one['author_name']}" if one.get("author_name") else ""
        paper.say(stream, f"  {one['label']}  {marks.day(one['time'])}{by}")
    _changes(fork["changed"], stream, indent=2)
    settle = f"asset resolve {fork['name']} --take-from {fork['tips'][0]['label']}"
    if fork["conflicts"] == ["name"]:
        settle = f"asset rename {fork['name']} NAME"
    paper.say(stream, f"  settle it: restrike {settle}")


def _models(value: Value, stream: TextIO) -> None:
    if not value["models"]:
        paper.say(stream, "No models. Make one known: restrike model add FOLDER")
        return
    rows = [
        [
            one["name"] + (" (default)" if one["default"] else ""),
            marks.short(one["digest"]),
            marks.size(one["bytes"]),
            one["pipeline"],
            str(one["assets"]),
            ", ".join(one["present"]) or "not here",
        ]
        for one in value["models"]
    ]
    headings = ("NAME", "DIGEST", "SIZE", "PIPELINE", "ASSETS", "WHERE")
    paper.table(stream, headings, rows, right=("SIZE", "ASSETS"), give=("PIPELINE", "NAME"))
    for one in value["models"]:
        if one["draws"]:
            paper.say(stream, "\n" + textwrap.fill(f"{one['name']}: {one['draws']}", 80))


def _model_verify(value: Value, stream: TextIO) -> None:
    for one in value["models"]:
        mark = "●✓" if one["ok"] else "✕ "
        paper.say(stream, f"{mark} {one['name']} {marks.short(one['digest'])}  {one['detail']}")
        if not one["ok"]:
            paper.say(stream, f"     {one['fix']}")


def _verify(value: Value, stream: TextIO) -> None:
    paper.pairs(
        stream, ((f"Checked {name}", marks.one_value(count)) for name, count in value["checked"].items())
    )
    for one in value.get("repaired", ()):
        paper.say(stream, f"● repaired: {one}")
    kinds = Counter(one["what"] for one in value["faults"])
    for what, count in kinds.items():
        for one in [one for one in value["faults"] if one["what"] == what][:MOST]:
            paper.say(stream, f"✕ {one['what']} {one['id']}: {one['detail']}")
            paper.say(stream, f"    {one['fix']}")
        if count > MOST:
            paper.say(stream, f"✕ {what}: {count - MOST} more; --json names them all")
    if not value["faults"]:
        paper.say(stream, "Everything stored is what was stored.")


def _doctor(value: Value, stream: TextIO) -> None:
    width = max(len(one["name"]) for one in value["checks"])
    for one in value["checks"]:
        paper.say(stream, f"{'●✓' if one['ok'] else '✕ '} {one['name']:<{width}}  {one['detail']}")
        if not one["ok"]:
            paper.say(stream, " " * (width + 5) + one["fix"])


def _applied(value: Value, stream: TextIO) -> None:
    for one in value["assets"]:
        paper.say(stream, f"{one['name']}: {one['did']}")
    paper.say(stream, str(value["message"]))


PICTURES: Final[Mapping[str, Callable[[Value, TextIO], None]]] = {
    "version": _version,
    "help": _help,
    "status": _status,
    "asset list": _asset_list,
    "asset show": _asset_show,
    "asset history": _history,
    "asset diff": _diff,
    "asset forks": _forks,
    "template apply": _applied,
    "model list": _models,
    "model verify": _model_verify,
    "verify": _verify,
    "doctor": _doctor,
}
