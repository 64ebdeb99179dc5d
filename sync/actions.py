"""What a conversation asks of whoever runs it, and what it lets him know."""

from __future__ import annotations

from dataclasses import dataclass

from sync.links.link import Channel
from sync.promises import Promise
from sync.records import DocumentId, MemberId
from sync.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Peer:
    """The other device once it has proved who it is: its key, its member with name and role, what it understands."""

    public: bytes
    member: MemberId
    name: str
    role: str
    features: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes."""

    channel: Channel
    data: bytes


@dataclass(frozen=True, slots=True)
class Take:
    """Give these to `Replica.take`, the outcome to `took` of this conversation, and call `stored` on all."""

    bundles: tuple[bytes, ...] = ()
    entries: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The other device is who it says, and is let in; said again when its role or name changes."""

    peer: Peer


@dataclass(frozen=True, slots=True)
class InSync:
    """Both hold the same; `heads` is the digest that `status` shows."""

    heads: str


@dataclass(frozen=True, slots=True)
class Diverged:
    """These documents differ although both hold the same changes: `Replica.mend` reads them again from the log."""

    documents: tuple[DocumentId, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the other side says that the film looks like: to be shown as not yet proved; `last` ends it."""

    promises: tuple[Promise, ...]
    last: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """What the other member does just now; `preview` says that it is a picture of a render."""

    data: bytes
    preview: bool = False


@dataclass(frozen=True, slots=True)
class BlobSaid:
    """Words about blobs, for `sync.blobs`."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Knocked:
    """A stranger asks to be let in; admitting its key or `Conversation.close` answers it."""

    public: bytes
    name: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The conversation is over; close the link."""

    reason: Refusal


Action = Send | Take | Authenticated | InSync | Diverged | Shown | Presence | BlobSaid | Knocked | Drop
