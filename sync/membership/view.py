"""What entries add up to, the same for all who hold the same entries.

First it is settled which limiting entries take effect. Where all of them do without contradicting each other, all do.
Otherwise they are judged from the most senior author's down, a device being the more senior the earlier it was first
admitted: an entry that has its author's right, and leaves the project an owner, takes effect and is not taken back by a
junior's. So of two owners who remove each other at the same time the senior one stays, and the last owner cannot go.
Then everything else is read off that trial.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Final

from engine.faults import Damaged
from sync.membership import entry as kinds
from sync.membership.entry import CREATE, Entry, project_id
from sync.membership.graph import Graph, graph
from sync.membership.members import Demotion, Epoch, Invite, Members, Person, Removal
from sync.membership.trial import ADMISSIONS, Trial, limits
from sync.records import DeviceId, LogId, MemberId, Time


def view(entries: Iterable[Entry]) -> Members:
    """What entries add up to; raises `Damaged` unless exactly one of them creates a project."""
    held = tuple(entries)
    name = frozenset(one.hash for one in held)
    known = _viewed.get(name)
    if known is None:
        known = _view(held)
        if len(_viewed) >= _MOST_VIEWED:
            _viewed.clear()
        _viewed[name] = known
    return known


_MOST_VIEWED: Final = 8
_viewed: dict[frozenset[bytes], Members] = {}
"""Every delivery asks for the same view again."""


def _view(entries: Iterable[Entry]) -> Members:
    found = graph(entries)
    trial = judge(found)
    devices, people = _people(trial)
    return Members(
        project_id(found.entries[trial.root]),
        devices,
        people,
        found.heads,
        _invites(trial),
        _removed(trial, devices),
        _boxes(trial),
        _epochs(trial),
        _adopted(trial),
        {entry.device: entry.by for entry in _counted(trial, kinds.JOIN)},
        {member: _demotions(trial, member) for member in trial.roles},
        frozenset(entry.member for entry in found.entries if entry.kind == kinds.ROLE),
    )


def strangers(entries: Iterable[Entry]) -> frozenset[bytes]:
    """The hashes of entries whose author had no part in the project in their past, and so can never count."""
    found = graph(entries)
    free = Trial(found, _root(found), (), {})
    return frozenset(
        entry.hash
        for number, entry in enumerate(found.entries)
        if number not in free.counted and not _known(free, number, entry)
    )


def _known(free: Trial, number: int, entry: Entry) -> bool:
    before = free.invites if entry.kind == kinds.JOIN else free.admissions
    return any(free.graph.saw(number, one) for one in before.get(entry.by, ()))


def judge(found: Graph) -> Trial:
    """The trial in which exactly those limiting entries take effect that have the right to."""
    root = _root(found)
    free = Trial(found, root, (), {})
    limiting = [number for number, entry in enumerate(found.entries) if limits(entry)]
    if not limiting:
        return free
    seniority = {device: numbers[0] for device, numbers in free.admissions.items()}
    candidates = [one for one in limiting if found.entries[one].by in seniority]
    candidates.sort(key=lambda one: (seniority[found.entries[one].by], one))
    trial = Trial(found, root, candidates, seniority)
    while trial.fallen or not trial.owned():
        trial = _from_the_top(found, root, candidates, seniority)
        fallen = set(trial.fallen)
        candidates = [one for one in candidates if one not in fallen]
    return trial


def _from_the_top(found: Graph, root: int, candidates: list[int], seniority: Mapping[bytes, int]) -> Trial:
    """Give effect to one candidate after the other, where it then counts and leaves an owner."""
    effective: list[int] = []
    trial = Trial(found, root, effective, seniority)
    for one in candidates:
        tried = Trial(found, root, [*effective, one], seniority)
        if one in tried.counted and tried.owned():
            effective.append(one)
            trial = tried
    return trial


def _root(found: Graph) -> int:
    roots = [
        number
        for number, one in enumerate(found.entries)
        if one.kind == CREATE and one.by == one.device and not one.parents
    ]
    if len(roots) != 1:
        raise Damaged(
            "the project's create entry is missing", "get an export from another device of the project"
        )
    return roots[0]


def _counted(trial: Trial, *of: str) -> list[Entry]:
    return [trial.graph.entries[one] for one in sorted(trial.counted) if trial.graph.entries[one].kind in of]


def _people(trial: Trial) -> tuple[dict[bytes, MemberId], dict[MemberId, Person]]:
    past = trial.graph.everything
    devices: dict[bytes, MemberId] = {}
    people: dict[MemberId, Person] = {}
    names = {one.member: one.name for one in _counted(trial, kinds.RENAME)}
    for entry in _counted(trial, *ADMISSIONS):
        member = trial.member_at(entry.device, past)
        if member != entry.member or entry.device in devices:
            continue
        devices[entry.device] = member
        before = people.get(member)
        name = names.get(member, before.name if before else entry.name)
        owned = (*(before.devices if before else ()), entry.device)
        people[member] = Person(member, name, trial.role_at(member, past), owned)
    return devices, people


def _invites(trial: Trial) -> dict[bytes, Invite]:
    found: dict[bytes, Invite] = {}
    over = {one.device for one in _counted(trial, kinds.REVOKE_INVITE)}
    gone = [trial.graph.entries[one] for one in trial.removals]
    for one in _counted(trial, kinds.INVITE):
        used = len(trial.joined.get(one.device, ()))
        revoked = one.device in over or _author_gone(trial, one, gone)
        member = MemberId(one.more["for"]) if one.more["for"] else None
        expires = Time(one.more["expires"])
        found.setdefault(
            one.device, Invite(one.device, one.role, one.more["uses"], used, expires, one.by, member, revoked)
        )
    return found


def _author_gone(trial: Trial, invite: Entry, removals: list[Entry]) -> bool:
    """Whether whoever gave an invitation was removed since."""
    return bool(removals) and trial.member_at(invite.by, trial.graph.everything) is None


def _removed(trial: Trial, devices: Mapping[bytes, MemberId]) -> dict[bytes, Removal]:
    found: dict[bytes, Removal] = {}
    for device, admissions in trial.admissions.items():
        if device in devices:
            continue
        last = max(admissions)
        by = [one for one in trial.removals if trial.takes_back(one, last)]
        newest = [one for one in by if not any(trial.graph.saw(other, one) for other in by)]
        seen: dict[LogId, int] = {}
        for one in newest:
            for log, n in trial.graph.entries[one].more["seen"].items():
                seen[LogId(log)] = max(seen.get(LogId(log), 0), n)
        entry, member = trial.graph.entries[max(newest)], trial.graph.entries[last].member
        role = trial.role_at(member, trial.graph.pasts[max(newest)] | 1 << last | trial.graph.pasts[last])
        found[device] = Removal(device, member, role, seen, entry.by, entry.time)
    return found


def _demotions(trial: Trial, member: MemberId) -> tuple[Demotion, ...]:
    """How a member's role was lowered, from the present one back."""
    found: list[Demotion] = []
    past = trial.graph.everything
    while statements := trial.role_statements(member, past):
        lowest = trial.role_at(member, past)
        one = min(number for number in statements if trial.graph.entries[number].role == lowest)
        entry, past = trial.graph.entries[one], trial.graph.pasts[one]
        if entry.kind != kinds.ROLE:
            break
        seen = {LogId(log): n for log, n in entry.more["seen"].items()}
        found.append(Demotion(trial.role_at(member, past), seen))
    return tuple(found)


def _boxes(trial: Trial) -> dict[bytes, bytes]:
    found = {}
    for one in _counted(trial, kinds.BOX, kinds.JOIN):
        device = one.by if one.kind == kinds.BOX else one.device
        found[device] = base64.b64decode(one.more["box"])
    return found


def _epochs(trial: Trial) -> tuple[Epoch, ...]:
    """The secrets that an owner began, with everything that was said of each, oldest first."""
    begun: dict[bytes, int] = {}
    times: dict[bytes, Time] = {}
    sealed: dict[bytes, dict[DeviceId, tuple[bytes, ...]]] = {}
    earlier: dict[bytes, dict[bytes, tuple[bytes, ...]]] = {}
    for number in sorted(trial.counted):
        entry = trial.graph.entries[number]
        if entry.kind != kinds.EPOCH:
            continue
        name, standing = bytes.fromhex(entry.more["commitment"]), trial.standing(number)
        if standing is not None and standing.role == kinds.OWNER:
            begun.setdefault(name, entry.more["number"])
            times[name] = min(entry.time, times.get(name, entry.time))
        for device, text in entry.more["sealed"].items():
            mine = sealed.setdefault(name, {})
            mine[DeviceId(device)] = (*mine.get(DeviceId(device), ()), base64.b64decode(text))
        for other, text in entry.more["earlier"].items():
            before = earlier.setdefault(name, {})
            before[bytes.fromhex(other)] = (*before.get(bytes.fromhex(other), ()), base64.b64decode(text))
    return tuple(
        Epoch(number, name, sealed.get(name, {}), earlier.get(name, {}), times[name])
        for name, number in sorted(begun.items(), key=lambda one: (one[1], one[0]))
    )


def _adopted(trial: Trial) -> dict[LogId, int]:
    found: dict[LogId, int] = {}
    for one in _counted(trial, kinds.ADOPT):
        log = LogId(one.more["log"])
        found[log] = max(found.get(log, 0), one.more["n"])
    return found
