"""A switch between network namespaces, in a process of its own: it delays, loses, splits and blocks as it is told.

Each line on stdin is an `Order`, which replaces the one before and is answered with a line. Frames travel between the
ports of one segment. `PACKET_VNET_HDR` carries what the sender's checksums and segments need, so that no `ethtool`, no
`netem` and no `nft` has to be on the machine.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Final

SOL_PACKET, IGNORE_OUTGOING, VNET_HEADER, EVERY_PROTOCOL = 263, 23, 15, 3
RECEIVE_BUFFER, SEND_BUFFER = 33, 32
HEADER: Final = 10
LARGEST: Final = 1 << 17
AT_A_TIME: Final = 64
_PROTOCOLS: Final = {"tcp": 6, "udp": 17}


@dataclass
class Order:
    """What the switch does: ports and their segments, and how badly each works.

    `delay` is in milliseconds and `loss` in per cent, of what the machine at that port sends. `split` names pairs of
    ports between which nothing travels. `block` is what a firewall at a port drops: `tcp` or `udp`, and a port number,
    0 for all. The answer comes after `hold` seconds.
    """

    ports: dict[str, str] = field(default_factory=dict)
    delay: dict[str, float] = field(default_factory=dict)
    loss: dict[str, float] = field(default_factory=dict)
    split: list[list[str]] = field(default_factory=list)
    block: list[tuple[str, str, int]] = field(default_factory=list)
    hold: float = 0.0

    def text(self) -> str:
        """As a line."""
        return json.dumps(asdict(self)) + "\n"


class Switch:
    """The ports, and the frames that are under way."""

    def __init__(self, seed: int) -> None:
        self._order = Order()
        self._sockets: dict[str, socket.socket] = {}
        self._names: dict[int, str] = {}
        self._random = random.Random(seed)
        self._under_way: list[tuple[float, int, str, bytes]] = []
        self._last: dict[str, float] = {}
        self._count = 0
        self._poll = select.epoll()
        self._poll.register(0, select.EPOLLIN)

    def run(self) -> None:
        """Until stdin ends."""
        rest = b""
        while True:
            wait = -1.0 if not self._under_way else max(0.0, self._under_way[0][0] - time.monotonic())
            for descriptor, _ in self._poll.poll(wait):
                if descriptor in self._names:
                    self._receive(self._names[descriptor])
                elif came := os.read(0, 1 << 16):
                    *lines, rest = (rest + came).split(b"\n")
                    for line in lines:
                        self._obey(json.loads(line))
                else:
                    return
            now = time.monotonic()
            while self._under_way and self._under_way[0][0] <= now:
                _, _, port, frame = heapq.heappop(self._under_way)
                if port:
                    self._deliver(port, frame)
                else:
                    print("done", flush=True)

    def _obey(self, order: dict[str, dict[str, str]]) -> None:
        self._order = Order(**order)  # type: ignore[arg-type]  # it was one before it was JSON
        for name in self._sockets.keys() - self._order.ports.keys():
            gone = self._sockets.pop(name)
            del self._names[gone.fileno()]
            self._poll.unregister(gone)
            gone.close()
        for name in self._order.ports.keys() - self._sockets.keys():
            opened = self._sockets[name] = _opened(name)
            self._names[opened.fileno()] = name
            self._poll.register(opened, select.EPOLLIN)
        self._count += 1
        heapq.heappush(self._under_way, (time.monotonic() + self._order.hold, self._count, "", b""))

    def _receive(self, port: str) -> None:
        for _ in range(AT_A_TIME):
            try:
                frame = self._sockets[port].recv(LARGEST)
            except OSError:  # nothing more, or the cable was pulled
                return
            loss = self._order.loss.get(port, 0.0)
            if (loss and self._random.random() * 100 < loss) or self._blocked(port, frame):
                continue
            delay = self._order.delay.get(port, 0.0)
            if not delay:
                self._deliver(port, frame)
                continue
            at = self._last[port] = max(time.monotonic() + delay / 1000, self._last.get(port, 0.0))
            self._count += 1
            heapq.heappush(self._under_way, (at, self._count, port, frame))

    def _deliver(self, port: str, frame: bytes) -> None:
        segment = self._order.ports.get(port)
        for other, lies_in in self._order.ports.items():
            apart = [port, other] in self._order.split or [other, port] in self._order.split
            if other == port or lies_in != segment or apart or self._blocked(other, frame):
                continue
            try:
                self._sockets[other].send(frame)
            except OSError:  # the cable is pulled there, or its buffer is full: lost, as on a wire
                continue

    def _blocked(self, port: str, frame: bytes) -> bool:
        return any(
            one == port and _is(frame[HEADER:], _PROTOCOLS[protocol], number)
            for one, protocol, number in self._order.block
        )


def _opened(name: str) -> socket.socket:
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL))
    opened.setsockopt(SOL_PACKET, VNET_HEADER, 1)
    opened.setsockopt(SOL_PACKET, IGNORE_OUTGOING, 1)
    for force, plain in ((RECEIVE_BUFFER, socket.SO_RCVBUF), (SEND_BUFFER, socket.SO_SNDBUF)):
        try:
            opened.setsockopt(socket.SOL_SOCKET, force, 8 << 20)
        except PermissionError:  # root of a user namespace alone
            opened.setsockopt(socket.SOL_SOCKET, plain, 8 << 20)
    opened.bind((name, 0))
    opened.setblocking(False)
    return opened


def _is(frame: bytes, protocol: int, number: int) -> bool:
    """Whether a frame carries that protocol, from or to that port."""
    kind = frame[12:14]
    if kind == b"\x08\x00":
        carried, start = frame[23], 14 + (frame[14] & 15) * 4
    elif kind == b"\x86\xdd":
        carried, start = frame[20], 54
    else:
        return False
    if carried != protocol or len(frame) < start + 4:
        return False
    return not number or number in struct.unpack_from("!HH", frame, start)


if __name__ == "__main__":
    Switch(int(sys.argv[1])).run()
