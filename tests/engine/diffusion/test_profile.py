"""The fingerprint says what this process renders with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.diffusion.profile import choose, fingerprint, settle


def test_the_profile_names_releases_and_the_machine() -> None:
    device = choose("cpu")
    settle(device, 1)
    found = fingerprint(device)
    assert (found.torch, found.numpy) == (torch.__version__, np.__version__)
    assert (found.device, found.threads, found.batch) == ("cpu", 1, 1)
    assert found.instruction_set == torch.backends.cpu.get_cpu_capability()
    assert found.device_name
    assert not found.tf32
    assert found == fingerprint(device)


def test_a_device_is_found_where_none_is_named() -> None:
    assert choose("auto").type in {"cuda", "mps", "cpu"}


def test_onednn_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTRIKE_ONEDNN", "off")
    device = choose("cpu")
    try:
        settle(device, 1)
        assert not fingerprint(device).onednn
    finally:
        torch.backends.mkldnn.set_flags(True)  # type: ignore[no-untyped-call]
    assert fingerprint(device).onednn
