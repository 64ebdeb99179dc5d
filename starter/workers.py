"""Several training processes on one machine, one thread each, that share their gradients."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.multiprocessing.spawn import spawn


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of a run: its number, and of how many."""

    number: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the one process that prints and saves."""
        return self.number == 0

    def average(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over the processes; all must call this alike."""
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if self.count == 1 or not gradients:
            return
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self.count
        place = 0
        for gradient in gradients:
            gradient.copy_(flat[place : place + gradient.numel()].view_as(gradient))
            place += gradient.numel()

    def agree(self, share: float) -> float:
        """Let every process use the first one's number, so that all stop at the same step."""
        if self.count == 1:
            return share
        number = torch.tensor([share])
        distributed.broadcast(number, 0)
        return float(number)


def run(work: Callable[[Worker], None], count: int) -> None:
    """Call `work` in so many processes and wait; with one, call it here."""
    if count == 1:
        work(Worker())
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    spawn(_enter, (work, count, port), nprocs=count)  # type: ignore[no-untyped-call]


def _enter(number: int, work: Callable[[Worker], None], count: int, port: int) -> None:
    """What each process begins with."""
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), GLOO_SOCKET_IFNAME="lo")
    distributed.init_process_group("gloo", rank=number, world_size=count)
    try:
        work(Worker(number, count))
    finally:
        distributed.destroy_process_group()
