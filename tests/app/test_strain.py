"""A polite worker notices who else needs the machine, and waits until it was calm for a while."""

from __future__ import annotations

import os
import subprocess
import sys

from app.strain import CALM, EVERY, Strain, _strange, on_gpu, on_processor, own_processes
from tests.app.studios import Clock


def test_it_goes_on_after_some_calm() -> None:
    clock, found = Clock(), [None, "blender uses the GPU", None, None, None, None]
    looks: list[float] = []

    def look() -> str | None:
        looks.append(clock())
        return found[len(looks) - 1]

    strain = Strain(look, clock)
    assert strain.reason() is None
    assert strain.reason() is None
    assert len(looks) == 1
    clock.seconds += EVERY
    assert strain.reason() == "blender uses the GPU"
    clock.seconds += EVERY
    assert strain.reason() == "blender uses the GPU"
    clock.seconds += CALM - EVERY
    assert strain.reason() is None


def test_own_programs_and_small_ones_do_not_count() -> None:
    listing = f"{os.getpid()}, 9000, python\n12, 300, /usr/bin/firefox\n13, 4000, /opt/blender/blender\n"
    assert _strange(listing, own_processes()) == "blender uses the GPU"
    assert _strange(listing.rsplit("\n", 2)[0], own_processes()) is None
    assert _strange("[N/A]\nNo running processes found\n", frozenset()) is None


def test_without_a_gpu_nobody_is_on_it() -> None:
    assert on_gpu(7)() is None or isinstance(on_gpu(7)(), str)


def test_the_first_look_at_the_processor_says_nothing_and_own_children_are_own() -> None:
    look = on_processor()
    assert look() is None
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in own_processes()
    finally:
        child.communicate(b"\n")
    second = look()
    assert second is None or second.endswith("of the processor")
