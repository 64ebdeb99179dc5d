"""One reading of the membership log, given which of its limiting entries take effect.

Limiting entries take something away: removals, lower roles, called-off invitations. Each entry is judged on what its
author had seen, and by what was taken from him at the same time: removal is strong, so what a removed device wrote
without knowing of its removal does not count. A limiting entry itself falls only to those of more senior authors.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sync import identity
from sync.membership import entry as kinds
from sync.membership.entry import OWNER, Entry, project_id
from sync.membership.graph import Graph
from sync.membership.members import weakest
from sync.membership.statements import join_claim, joined_member
from sync.records import MemberId

REMOVALS: Final = (kinds.REMOVE_DEVICE, kinds.REMOVE_MEMBER)
ADMISSIONS: Final = (kinds.CREATE, kinds.ADD_DEVICE, kinds.JOIN)


def limits(entry: Entry) -> bool:
    """Whether an entry takes something away."""
    lowers = entry.kind == kinds.ROLE and entry.role != OWNER
    return lowers or entry.kind in (*REMOVALS, kinds.REVOKE_INVITE)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whom an author spoke for when he wrote an entry, and with which role."""

    member: MemberId
    role: str


class Trial:
    """Which entries count if the limiting entries with the numbers `effective` take effect, and no other.

    `seniority` gives each device the number of its first admission.
    """

    def __init__(
        self, graph: Graph, root: int, effective: Sequence[int], seniority: Mapping[bytes, int]
    ) -> None:
        self.graph = graph
        self.root = root
        self.project = project_id(graph.entries[root])
        self.seniority = seniority
        self.effective = frozenset(effective)
        chosen = [(one, graph.entries[one]) for one in effective]
        self.removals = [one for one, entry in chosen if entry.kind in REMOVALS]
        self.demotions = [one for one, entry in chosen if entry.kind == kinds.ROLE]
        self.revocations = [one for one, entry in chosen if entry.kind == kinds.REVOKE_INVITE]
        self.counted: set[int] = set()
        self.admissions: dict[bytes, list[int]] = {}
        self.of_member: dict[MemberId, list[int]] = {}
        self.roles: dict[MemberId, list[int]] = {}
        self.invites: dict[bytes, list[int]] = {}
        self.joined: dict[bytes, list[bytes]] = {}
        for number, entry in enumerate(graph.entries):
            if self._counts(number, entry):
                self.counted.add(number)
                self._keep(number, entry)

    @property
    def fallen(self) -> list[int]:
        """The entries that were to take effect, but have no right to."""
        return sorted(self.effective - self.counted)

    def owned(self) -> bool:
        """Whether an owner is left who has a device."""
        past = self.graph.everything
        members = {self.member_at(device, past) for device in self.admissions}
        return any(one is not None and self.role_at(one, past) == OWNER for one in members)

    # --- what a past says ---

    def cancelled(self, admission: int, past: int) -> bool:
        """Whether a removal in `past` takes back an admission; one that knew of the removal stands."""
        return any(past >> one & 1 and self.takes_back(one, admission) for one in self.removals)

    def takes_back(self, removal: int, admission: int) -> bool:
        """Whether a removal is meant for the device of an admission, and that knew nothing of it."""
        what, whom = self.graph.entries[removal], self.graph.entries[admission]
        same = what.device == whom.device if what.kind == kinds.REMOVE_DEVICE else what.member == whom.member
        return same and not self.graph.saw(admission, removal)

    def member_at(self, device: bytes, past: int, also: int = 0) -> MemberId | None:
        """The member that a device speaks for as far as `past` says, removals in `also` taken together with it."""
        for one in self.admissions.get(device, ()):
            if past >> one & 1 and not self.cancelled(one, past | also):
                return self.graph.entries[one].member
        return None

    def role_at(self, member: MemberId, past: int) -> str:
        """A member's role as far as `past` says: of statements made apart the one that gives least counts."""
        return weakest(*(self.graph.entries[one].role for one in self.role_statements(member, past)))

    def role_statements(self, member: MemberId, past: int) -> list[int]:
        """The newest statements of a member's role in `past`."""
        found = [one for one in self.roles[member] if past >> one & 1]
        return [one for one in found if not any(self.graph.saw(other, one) for other in found)]

    def standing(self, number: int) -> Standing | None:
        """Whom the author of an entry spoke for, what was taken from him at the same time considered."""
        entry, past = self.graph.entries[number], self.graph.pasts[number]
        struck = 0
        for one in self.removals:
            if self._strikes(one, number):
                struck |= 1 << one
        member = self.member_at(entry.by, past, struck)
        if member is None:
            return None
        lowered = [
            self.graph.entries[one].role
            for one in self.demotions
            if self.graph.entries[one].member == member and self._strikes(one, number)
        ]
        return Standing(member, weakest(self.role_at(member, past), *lowered))

    def _strikes(self, limiting: int, number: int) -> bool:
        if not self.graph.apart(limiting, number):
            return False
        if not limits(self.graph.entries[number]):
            return True
        return self._rank(limiting) < self._rank(number)

    def _rank(self, number: int) -> int:
        return self.seniority.get(self.graph.entries[number].by, len(self.graph.entries))

    # --- judging ---

    def _counts(self, number: int, entry: Entry) -> bool:
        if entry.kind == kinds.CREATE:
            return number == self.root
        if entry.kind == kinds.JOIN:
            return self._may_join(number, entry)
        if limits(entry) and number not in self.effective:
            return False
        standing = self.standing(number)
        return standing is not None and self._may(number, entry, standing)

    def _may(self, number: int, entry: Entry, standing: Standing) -> bool:
        past = self.graph.pasts[number]
        owner = standing.role == OWNER
        if entry.kind == kinds.ADD_DEVICE:
            return owner and len(entry.device) == 32 and entry.member != ""
        if entry.kind == kinds.REMOVE_DEVICE:
            return owner or self.member_at(entry.device, past) == standing.member
        if entry.kind in (kinds.REMOVE_MEMBER, kinds.RENAME):
            return self._there(entry.member, past) and (owner or entry.member == standing.member)
        if entry.kind == kinds.ROLE:
            return owner and self._there(entry.member, past)
        if entry.kind == kinds.INVITE:
            return entry.more["uses"] > 0 and (owner or entry.more["for"] == standing.member)
        if entry.kind == kinds.REVOKE_INVITE:
            authors = [self.graph.entries[one].by for one in self._invites(entry.device, past)]
            own = standing.member in [self.member_at(one, past) for one in authors]
            return own or (owner and bool(authors))
        if entry.kind in (kinds.ADOPT, kinds.DISCARD):
            return owner
        return entry.kind in (kinds.BOX, kinds.EPOCH)

    def _there(self, member: MemberId, past: int) -> bool:
        """Whether a member was admitted in `past`, and had a device left."""
        found = self.of_member.get(member, ())
        return any(past >> one & 1 and not self.cancelled(one, past) for one in found)

    def _invites(self, key: bytes, past: int) -> list[int]:
        return [one for one in self.invites.get(key, ()) if past >> one & 1]

    def _may_join(self, number: int, entry: Entry) -> bool:
        found = self._invites(entry.by, self.graph.pasts[number])
        return any(self._lets_in(one, number, entry) for one in found) and self._proved(entry)

    def _lets_in(self, found: int, number: int, entry: Entry) -> bool:
        """Whether an invitation allows a join: its terms, its end, and how many came before."""
        invite, used = self.graph.entries[found], self.joined.get(entry.by, [])
        return (
            entry.role == invite.role
            and entry.time <= invite.more["expires"]
            and self._named(entry, invite, self.graph.pasts[number])
            and not self._called_off(number, found)
            and (entry.device in used or len(used) < invite.more["uses"])
        )

    def _named(self, entry: Entry, invite: Entry, past: int) -> bool:
        """Whether a join names the member that its invitation is for, or the new one that its device makes."""
        if member := invite.more["for"]:
            return entry.member == member and self._there(MemberId(member), past)
        return entry.member == joined_member(self.project, entry.device)

    def _called_off(self, number: int, found: int) -> bool:
        """Whether an invitation was over for a join that nobody who ended it had seen."""
        entry, invite = self.graph.entries[number], self.graph.entries[found]
        for one in self.revocations:
            if self.graph.entries[one].device == entry.by and not self.graph.saw(one, number):
                return True
        later = [one for one in self.removals if not self.graph.saw(found, one)]
        # whoever is removed takes his open invitations along, and an old invitation brings nobody back
        gone = any(not self.graph.saw(one, number) and self._removes(one, invite.by) for one in later)
        return gone or any(self.graph.saw(number, one) and self._removes(one, entry.device) for one in later)

    def _removes(self, removal: int, device: bytes) -> bool:
        return any(self.takes_back(removal, one) for one in self.admissions.get(device, ()))

    def _proved(self, entry: Entry) -> bool:
        box, proof = (base64.b64decode(entry.more[name]) for name in ("box", "proof"))
        return identity.signed_by(entry.device, proof, join_claim(self.project, entry.by, box))

    def _keep(self, number: int, entry: Entry) -> None:
        if entry.kind in ADMISSIONS:
            if not self._there(entry.member, self.graph.pasts[number]):
                self.roles.setdefault(entry.member, []).append(number)
            self.admissions.setdefault(entry.device, []).append(number)
            self.of_member.setdefault(entry.member, []).append(number)
        if entry.kind == kinds.ROLE:
            self.roles[entry.member].append(number)
        if entry.kind == kinds.INVITE:
            self.invites.setdefault(entry.device, []).append(number)
        if entry.kind == kinds.JOIN and entry.device not in self.joined.setdefault(entry.by, []):
            self.joined[entry.by].append(entry.device)
