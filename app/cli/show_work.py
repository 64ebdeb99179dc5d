"""Jobs, takes and storage as people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

from app.cli import marks, paper

Value = Mapping[str, Any]


def _jobs(value: Value, stream: TextIO) -> None:
    if not value["jobs"]:
        paper.say(
            stream, "Nothing to render. Ask for pictures: restrike render NAME, or restrike render --stale"
        )
        return
    rows = [
        [
            one["id"][:12] + one["id"][64:],
            f"{one.get('asset_name') or one['asset']} {one.get('version_label') or ''}".rstrip() + _item(one),
            marks.TIERS[one["tier"]],
            _job_state(one),
            f"{one['votes']:+d}" if one["votes"] else "0",
            marks.duration(one["eta_s"]),
        ]
        for one in value["jobs"]
    ]
    paper.table(
        stream,
        ("JOB", "WHAT", "TIER", "STATE", "VOTES", "ETA"),
        rows,
        right=("VOTES", "ETA"),
        give=("WHAT", "STATE"),
    )


def _render(value: Value, stream: TextIO) -> None:
    if value["jobs"]:
        _jobs(value, stream)
    if "message" in value:
        paper.say(stream, str(value["message"]))
    elif not value["jobs"]:
        paper.say(stream, "Nothing to render: every recipe asked for has a take.")


def _item(job: Value) -> str:
    return f" #{job['item']}" if job.get("item") else ""


def _job_state(job: Value) -> str:
    shown = marks.STATES.get(job["state"], str(job["state"]))
    if job.get("deduplicated"):
        shown += " (already asked)" if job["state"] != "finished" else " (already rendered)"
    if job["state"] == "running" and job.get("progress"):
        shown += f" {100 * job['progress']:.0f} %"
    return shown


def _job_show(value: Value, stream: TextIO) -> None:
    name = f"{value.get('asset_name') or value['asset']} {value.get('version_label') or ''}".rstrip()
    rows = [
        ("Job", value["id"]),
        ("What", name + _item(value)),
        ("State", _job_state(value)),
        ("Tier", marks.TIERS[value["tier"]]),
        ("Owner", value["owner"] or ""),
        ("Votes", str(value["votes"])),
        ("Ready in", marks.duration(value["eta_s"]) if value["eta_s"] is not None else ""),
        ("Reason", value["reason"] or ""),
        ("Take", value["take"] or ""),
        ("Attempts", "\n".join(f"{one['code']}: {one['message']}" for one in value["attempts"])),
    ]
    paper.pairs(stream, rows)


def _job_why(value: Value, stream: TextIO) -> None:
    for one in value["reasons"]:
        paper.say(stream, one["sentence"])
        if one.get("fix"):
            paper.say(stream, f"  {one['fix']}")
    if not value["reasons"]:
        paper.say(stream, "Nothing stands in its way.")


def _takes(value: Value, stream: TextIO) -> None:
    if not value["takes"]:
        paper.say(stream, "No takes yet. Ask for one: restrike render NAME --wait")
        return
    rows = [
        [
            one["id"][:10],
            one.get("asset_name") or one["asset"],
            f"{one.get('version_label') or one['version']} {one['label']}",
            marks.grade(one),
            marks.size(one["bytes"]),
            marks.duration(one["seconds"]),
            _take_state(one),
        ]
        for one in value["takes"]
    ]
    headings = ("TAKE", "ASSET", "WHICH", "CLASS", "SIZE", "TOOK", "STATE")
    paper.table(stream, headings, rows, right=("SIZE", "TOOK"), give=("ASSET", "STATE"))


def _take_state(take: Value) -> str:
    words = ["approved"] if take["approved"] else []
    words += ["provisional"] if take["provisional"] else []
    words += [] if take["present"] else ["can come back" if take["class"] != "R3" else "gone"]
    return ", ".join(words) or "–"


def _take_show(value: Value, stream: TextIO) -> None:
    name = f"{value.get('asset_name') or value['asset']} {value.get('version_label') or ''} {value['label']}"
    paper.say(stream, f"{name}  {value['width']} × {value['height']} {value['media_type']}\n")
    rows = [
        ("Id", value["id"]),
        ("Class", marks.grade(value)),
        ("", ""),
        ("Why", value.get("class_reason", "")),
        ("State", _take_state(value)),
        ("File", value["file"] or ""),
        ("Present", ", ".join(value["present"]) or "not here: restrike storage fetch brings it back"),
        ("Size", marks.size(value["bytes"])),
        ("Rendered", f"{marks.day(value['time'])} in {marks.duration(value['seconds'])}"),
        ("Recipe key", value["recipe_key"]),
        ("File digest", value["sha256"]),
        ("Pixel digest", value["pixels_sha256"]),
        ("Made from", "\n".join(f"{one['role']} {marks.short(one['sha256'])}" for one in value["consumed"])),
        ("Machine", _machine(value["fingerprint"])),
        ("Proofs", "\n".join(_proof(one) for one in value["proofs"])),
    ]
    paper.pairs(stream, rows)


def _machine(profile: Value) -> str:
    known = [str(profile[name]) for name in ("device_name", "device") if profile.get(name)]
    return " ".join([*known[:1], f"torch {profile['torch']}" if profile.get("torch") else ""]).strip()


def _proof(one: Value) -> str:
    distance = "identical" if one["class"] == "R0" else _distance(one)
    return f"{marks.grade(one)}  {one['purpose']} {marks.day(one['time'])}  {distance}".rstrip()


def _distance(one: Value) -> str:
    if one.get("psnr_db") is None:
        return "identical" if one.get("identical") else ""
    return f"PSNR {one['psnr_db']:.1f} dB, SSIM {one['ssim']:.5f}"


def _compared(value: Value, stream: TextIO) -> None:
    paper.say(stream, f"{marks.grade(value)}  {_distance(value) or 'not comparable'}")
    for one in value.get("changed", ()):
        paper.say(stream, f"  {one['field']}: {marks.one_value(one['from'])} → {marks.one_value(one['to'])}")
    if "message" in value:
        paper.say(stream, str(value["message"]))


def _report(value: Value, stream: TextIO) -> None:
    total = value["bytes"] or 1
    rows = [
        ("Stored", marks.size(value["bytes"])),
        (
            "Can be rendered again",
            f"{marks.size(value['regeneratable_bytes'])} ({_share(value['regeneratable_bytes'], total)})",
        ),
        (
            "Must be kept",
            f"{marks.size(value['permanent_bytes'])} ({_share(value['permanent_bytes'], total)})",
        ),
        ("Recipes and history", marks.size(value.get("recipes_bytes") or 0)),
    ]
    paper.pairs(stream, rows)
    for name in ("by_kind", "by_tier", "by_class", "by_asset"):
        for one in (value.get(name) or ())[:8]:
            label = next(
                (str(one[key]) for key in ("name", "kind", "tier", "class", "asset", "key") if one.get(key)),
                "–",
            )
            paper.say(stream, f"  {name[3:]:<6} {label:<24} {marks.size(one['bytes']):>10}")


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %"


def _drop(value: Value, stream: TextIO) -> None:
    for one in value.get("dropped", ()):
        paper.say(stream, f"–  {_name(one)}  {marks.size(one.get('bytes') or 0)}")
    for one in value.get("kept", value.get("refused", ())):
        reasons = one.get("reasons") or [one.get("reason", "")]
        paper.say(stream, f"   {_name(one)} stays: {'; '.join(map(str, reasons))}")
    if "message" in value:
        paper.say(stream, str(value["message"]))


def _fetch(value: Value, stream: TextIO) -> None:
    for one in value.get("fetched", value.get("takes", ())):
        paper.say(stream, f"{marks.grade(one)}  {_name(one)}  {one.get('how', '')}".rstrip())
    for one in value.get("failed", ()):
        paper.say(stream, f"✕ {_name(one)}: {one.get('reason') or one.get('message') or ''}")
    if "message" in value:
        paper.say(stream, str(value["message"]))


def _name(one: Value) -> str:
    words = (
        one.get("asset_name") or one.get("name") or one.get("asset"),
        one.get("version_label"),
        one.get("label"),
    )
    return " ".join(str(word) for word in words if word) or str(one.get("take") or one.get("id"))


def _demo(value: Value, stream: TextIO) -> None:
    if "message" in value:
        paper.say(stream, str(value["message"]))
    rows = [
        ("Project", str(value["project"])),
        ("Folder", str(value["folder"])),
        ("Takes", str(len(value["takes"]))),
        ("Contact sheet", str(value["contact_sheet"])),
        ("Took", marks.duration(value["seconds"])),
    ]
    paper.pairs(stream, rows)


PICTURES: Final[Mapping[str, Callable[[Value, TextIO], None]]] = {
    "jobs": _jobs,
    "render": _render,
    "job show": _job_show,
    "job why": _job_why,
    "take list": _takes,
    "take show": _take_show,
    "take compare": _compared,
    "storage report": _report,
    "storage drop": _drop,
    "storage fetch": _fetch,
    "demo": _demo,
}
