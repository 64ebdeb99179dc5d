"""The initial noise is the same bits whatever the instruction set and the number of threads."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.benchmarks.figure import Figure

CAPABILITIES = ("default", "avx2", "avx512")
THREADS = (1, 2, 4)
DRAW = """
import hashlib, sys, torch
from engine.diffusion.random import owned
from engine.noise import Noise
torch.set_num_threads(int(sys.argv[1]))
found = hashlib.sha256()
for seed in range(int(sys.argv[2])):
    with owned(Noise(seed)):
        found.update(torch.randn(1, 4, 64, 64).numpy().tobytes())
        found.update(torch.empty(1, 4, 64, 64).normal_().numpy().tobytes())
print(found.hexdigest(), torch.backends.cpu.get_cpu_capability())
"""


def measure(share: float) -> list[Figure]:
    """100 seeds in each of nine processes at full share."""
    seeds = max(2, int(100 * share))
    drawn = [draw(capability, threads, seeds) for capability in CAPABILITIES for threads in THREADS]
    alike = sum(digest == drawn[0][0] for digest, _ in drawn)
    ran = ", ".join(sorted({capability for _, capability in drawn}))
    return [
        Figure(
            what="initial noise identical under every instruction set and thread count",
            value=100 * alike / len(drawn), unit="%", at_least=100,
            note=f"{seeds} seeds in {len(drawn)} processes; instruction sets that really ran: {ran}",
        )
    ]  # fmt: skip


def draw(capability: str, threads: int, seeds: int) -> tuple[str, str]:
    """The digest of the noise of `seeds` seeds drawn in a process of its own, and the instruction set it used."""
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": capability}
    command = [sys.executable, "-c", DRAW, str(threads), str(seeds)]
    digest, used = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    return digest, used
