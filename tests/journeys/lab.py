"""A throw-away network of network namespaces: machines, cables between them, and everything that goes wrong with those.

Nothing outside the namespaces is touched, and leaving the lab removes them, whatever happened. It needs root and
iproute2 (`unshare -Urnm` gives enough of a root where it is allowed); `why_not` says what is missing.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from tests.journeys.wire import Order

ROOT: Final = Path(__file__).parents[2]
NAMESPACES: Final = Path("/run/netns")
_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_numbers = itertools.count(1)


def ip(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """One call of `ip`; what it complains of is in the error."""
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done


@cache
def why_not() -> str | None:
    """What keeps this machine from having networks of its own, or None."""
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"rs{os.getpid()}t"
    tried = ip("netns", "add", name, check=False)
    if tried.returncode:
        return f"no network namespaces: {tried.stderr.strip()}"
    try:
        pair = ip("-n", name, "link", "add", "one", "type", "veth", "peer", "name", "two", check=False)
        return None if pair.returncode == 0 else f"no virtual cables: {pair.stderr.strip()}"
    finally:
        ip("netns", "del", name, check=False)


@dataclass(frozen=True, slots=True)
class Machine:
    """One namespace: a machine with its own interfaces, addresses and ports."""

    name: str
    number: int

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The calling thread, and what it starts, is on this machine until left."""
        libc = ctypes.CDLL(None, use_errno=True)
        with (
            open(f"/proc/self/task/{threading.get_native_id()}/ns/net", "rb") as before,
            open(NAMESPACES / self.name, "rb") as here,
        ):
            _enter(libc, here.fileno())
            try:
                yield
            finally:
                _enter(libc, before.fileno())

    def ip(self, *words: str, check: bool = True) -> str:
        """`ip` on this machine."""
        return ip("-n", self.name, *words, check=check).stdout

    def address(self, *addresses: str, at: str = "eth0") -> None:
        """Have these addresses there, with their prefixes, and none else but link-local ones."""
        self.ip("addr", "flush", "dev", at, "scope", "global")
        for one in addresses:
            self.ip("addr", "add", one, "dev", at, *(("nodad",) if ":" in one else ("brd", "+")))
        if any(":" not in one for one in addresses):  # nobody answers there; it gives multicast a home
            self.ip("route", "replace", "default", "dev", at)

    def up(self, at: str = "eth0") -> None:
        """Switch an interface on."""
        self.ip("link", "set", at, "up")

    def down(self, at: str = "eth0") -> None:
        """Switch an interface off, as flight mode does."""
        self.ip("link", "set", at, "down")


def _enter(libc: ctypes.CDLL, descriptor: int) -> None:
    if libc.setns(descriptor, _NETWORK):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Lab:
    """Machines and one switch; entered as a context."""

    def __init__(self, seed: int = 4711) -> None:
        self._prefix = f"rs{os.getpid()}n{next(_numbers)}"
        self._switch = Machine(f"{self._prefix}s", 0)
        self._seed = seed
        self._order = Order()
        self._stack = ExitStack()
        self._wire: subprocess.Popen[str] | None = None

    def __enter__(self) -> Lab:
        with ExitStack() as stack:
            self._namespace(self._switch, stack)
            with self._switch.inside():
                self._wire = stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, "-m", "tests.journeys.wire", str(self._seed)],
                        cwd=ROOT,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                    )
                )
            stack.callback(self._wire.kill)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _namespace(self, machine: Machine, stack: ExitStack) -> None:
        ip("netns", "add", machine.name)
        stack.callback(ip, "netns", "del", machine.name)
        machine.up("lo")

    # --- building ---

    def machine(self, number: int) -> Machine:
        """A machine without a cable."""
        made = Machine(f"{self._prefix}m{number}", number)
        self._namespace(made, self._stack)
        return made

    def plug(self, machine: Machine, *addresses: str, at: str = "eth0", segment: str = "lan") -> str:
        """A cable from an interface of a machine to a segment; the name of the port that it is in."""
        port = f"{at}m{machine.number}"
        self._switch.ip("link", "add", port, "type", "veth", "peer", "name", at, "netns", machine.name)
        self._switch.ip("link", "set", port, "addrgenmode", "none", "gso_max_segs", "1")
        machine.ip("link", "set", at, "gso_max_segs", "1")  # loss then hits single frames, as on a real link
        self._switch.up(port)
        machine.up(at)
        machine.address(*addresses, at=at)
        self._say(replace(self._order, ports={**self._order.ports, port: segment}))
        return port

    def lan(self, count: int) -> list[Machine]:
        """So many machines on one segment, at 10.78.0.1 and so on."""
        made = [self.machine(number) for number in range(1, count + 1)]
        for one in made:
            self.plug(one, f"10.78.0.{one.number}/24")
        return made

    # --- what goes wrong ---

    def poor(self, *machines: Machine, delay: float = 0.0, loss: float = 0.0, at: str = "eth0") -> None:
        """What these machines send there is so many milliseconds late, or lost in so many of 100 cases."""
        ports = [_port(one, at) for one in machines]
        self._say(
            replace(
                self._order,
                delay={**self._order.delay, **dict.fromkeys(ports, delay)},
                loss={**self._order.loss, **dict.fromkeys(ports, loss)},
            )
        )

    def split(self, *pairs: tuple[Machine, Machine], at: str = "eth0") -> None:
        """Nothing travels between these, silently; any other two have a way again."""
        self._say(replace(self._order, split=[[_port(one, at), _port(other, at)] for one, other in pairs]))

    def block(self, *what: tuple[Machine, str, int], at: str = "eth0") -> None:
        """A firewall before a machine drops `tcp` or `udp` of that port, 0 for all; any other passes again."""
        self._say(replace(self._order, block=[(_port(one, at), kind, port) for one, kind, port in what]))

    def pull(self, machine: Machine, at: str = "eth0") -> None:
        """Pull the cable: the machine loses its carrier."""
        self._switch.down(_port(machine, at))

    def mend(self, machine: Machine, at: str = "eth0") -> None:
        """Put the cable back."""
        self._switch.up(_port(machine, at))

    def wait(self, seconds: float) -> None:
        """Leave everything as it is for so long."""
        self._say(replace(self._order, hold=seconds))

    def _say(self, order: Order) -> None:
        assert self._wire is not None
        assert self._wire.stdin is not None
        assert self._wire.stdout is not None
        self._order = replace(order, hold=0.0)
        self._wire.stdin.write(order.text())
        self._wire.stdin.flush()
        assert self._wire.stdout.readline() == "done\n", "the switch has stopped"


def _port(machine: Machine, at: str) -> str:
    return f"{at}m{machine.number}"
