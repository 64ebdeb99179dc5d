"""Who belongs to a project: a log of signed entries of its own, a graph whose every entry names what it had seen.

The first entry creates the project; its digest is the project's id. An entry counts if its author had the right in its
causal past, so everybody who holds the same entries sees the same members, in whatever order they came. Kinds that this
release does not know are kept and passed on, and give nobody a right.
"""

from __future__ import annotations

from sync.membership.entry import LARGEST, OWNER, ROLES, Entry, decode, parse, project_id
from sync.membership.members import Epoch, Invite, Members, Person, Removal
from sync.membership.statements import admit, create
from sync.membership.view import strangers, view

__all__ = [
    "LARGEST",
    "OWNER",
    "ROLES",
    "Entry",
    "Epoch",
    "Invite",
    "Members",
    "Person",
    "Removal",
    "admit",
    "create",
    "decode",
    "parse",
    "project_id",
    "strangers",
    "view",
]
