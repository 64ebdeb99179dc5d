"""The fingerprint of this process: everything about the machine and its libraries that may change float bits."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import diffusers
import numpy as np
import torch
import transformers
from diffusers.utils.constants import DIFFUSERS_ATTN_BACKEND

from engine.fingerprint import Fingerprint

DISTRIBUTION: Final = "restrike"
ONEDNN: Final = "RESTRIKE_ONEDNN"
"""Set to `off`, this variable makes torch compute without oneDNN, as on machines that lack it."""


def fingerprint(device: torch.device) -> Fingerprint:
    """The numerics profile with which this process renders on `device`."""
    return Fingerprint(
        app=_release(),
        torch=torch.__version__,
        diffusers=diffusers.__version__,
        transformers=transformers.__version__,
        numpy=np.__version__,
        device=device.type,
        device_name=_device_name(device),
        driver=_driver(device),
        threads=torch.get_num_threads(),
        instruction_set=torch.backends.cpu.get_cpu_capability(),
        onednn=bool(torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled),  # type: ignore[no-untyped-call]
        attention=f"sdpa/{DIFFUSERS_ATTN_BACKEND}",
        tf32=device.type == "cuda"
        and (torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32),
        compiled=False,
        offload="none",
    )


def choose(wanted: str) -> torch.device:
    """The device to render on: the one named, or for `auto` the first there is of cuda, mps and cpu."""
    if wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def settle(device: torch.device, threads: int) -> None:
    """Fix what torch would otherwise choose from run to run: threads, kernels picked by timing, reduced precision."""
    torch.set_num_threads(threads)
    if os.environ.get(ONEDNN) == "off":
        torch.backends.mkldnn.set_flags(False)  # type: ignore[no-untyped-call]
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _release() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "clone"


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _driver(device: torch.device) -> str:
    if device.type == "cuda":
        return str(torch._C._cuda_getDriverVersion())  # type: ignore[attr-defined]
    return platform.mac_ver()[0] if device.type == "mps" else ""
