"""The render child is watched: hangs, deaths and lies of it end one strike, never the program.

Children here are scripts that speak the frames; that real pictures come out is the contract suite's part.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.child import SOURCES
from engine.process import RenderProcess, default_threads
from engine.renderer import Crashed, OutOfMemory, Progress, RenderFault, Strike, TimedOut
from tests import pipelines
from tests.engine.test_child import scripted

pytestmark = pytest.mark.anyio

STRIKE = Strike(pipelines.recipe(), models={pipelines.MODEL: Path("model")})
READY = f"""
profile = {dict(app="x", torch="x", diffusers="x", transformers="x", numpy="x", device="cpu", device_name="x")}
profile |= {dict(driver="", threads=1, instruction_set="x", onednn=True, attention="x", tf32=False)}
answer(**{{"is": "ready", "fingerprint": profile | dict(compiled=False, offload="none")}})
asked = question()
"""
FAULT = 'answer(**{"is": "fault", "number": asked["number"], "code": %r, "message": "no", "hint": "so"})'
STARTED = (
    'answer(**{"is": "progress", "number": asked["number"], "stage": "rendering", "step": 0, "steps": 9})'
)


def scripted_process(folder: Path, script: str, *, grace: float = 60.0) -> RenderProcess:
    return RenderProcess(device="cpu", threads=1, grace=grace, environment=scripted(folder, READY + script))


def quiet(progress: Progress) -> None:
    pass


async def test_the_fingerprint_is_the_childs_and_asked_for_once(tmp_path: Path) -> None:
    async with scripted_process(tmp_path, "") as process:
        assert process.pid is None
        found = await process.fingerprint()
        assert found.device == "cpu"
        assert await process.fingerprint() is found


async def test_a_fault_is_raised_as_what_it_is(tmp_path: Path) -> None:
    async with scripted_process(tmp_path, FAULT % "render_failed" + "; question()") as process:
        with pytest.raises(RenderFault, match=r"no \(so\)"):
            await process.render(STRIKE, quiet)
        assert process.pid is not None


async def test_after_running_out_of_memory_the_child_is_let_go(tmp_path: Path) -> None:
    async with scripted_process(tmp_path, FAULT % "out_of_memory" + "; question()") as process:
        with pytest.raises(OutOfMemory):
            await process.render(STRIKE, quiet)
        assert process.pid is None


async def test_a_time_out_ends_the_step_and_keeps_the_child(tmp_path: Path) -> None:
    script = f"{STARTED}; assert question()['do'] == 'cancel'; {FAULT % 'cancelled'}; question()"
    async with scripted_process(tmp_path, script) as process:
        with pytest.raises(TimedOut):
            await process.render(Strike(STRIKE.recipe, STRIKE.models, timeout=0.01), quiet)
        assert process.pid is not None


async def test_a_child_that_does_not_end_its_step_is_killed(tmp_path: Path) -> None:
    async with scripted_process(tmp_path, f"{STARTED}; threading.Event().wait()", grace=0.05) as process:
        with pytest.raises(TimedOut):
            await process.render(Strike(STRIKE.recipe, STRIKE.models, timeout=0.01), quiet)
        assert process.pid is None


async def test_time_before_the_rendering_does_not_count(tmp_path: Path) -> None:
    loading = 'answer(**{"is": "progress", "number": 1, "stage": "loading model", "step": 0, "steps": 9})'
    async with scripted_process(tmp_path, f"{loading}; {FAULT % 'render_failed'}") as process:
        with pytest.raises(RenderFault, match="no"):
            await process.render(Strike(STRIKE.recipe, STRIKE.models, timeout=0.0), quiet)


async def test_a_cancelled_task_whose_child_hangs_is_cancelled_all_the_same(tmp_path: Path) -> None:
    begun = asyncio.Event()
    async with scripted_process(tmp_path, f"{STARTED}; threading.Event().wait()", grace=0.05) as process:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(process.render(STRIKE, lambda progress: begun.set()))
            await begun.wait()
            task.cancel()
        assert task.cancelled()
        assert process.pid is None


async def test_a_child_that_died_while_idle_is_replaced_unnoticed(tmp_path: Path) -> None:
    async with scripted_process(tmp_path, FAULT % "render_failed") as process:
        await process.fingerprint()
        first = process.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(_gone, first)
        with pytest.raises(RenderFault, match="no"):
            await process.render(STRIKE, quiet)
        assert process.pid != first


def _gone(pid: int) -> None:
    try:
        psutil.Process(pid).wait(timeout=60)
    except psutil.NoSuchProcess:
        return


async def test_a_child_that_never_starts_is_a_crash_each_time(tmp_path: Path) -> None:
    environment = scripted(tmp_path, "sys.exit('No module named torch')")
    async with RenderProcess(device="cpu", environment=environment) as process:
        for _ in range(2):
            with pytest.raises(Crashed, match="No module named torch"):
                await process.render(STRIKE, quiet)


async def test_leaving_ends_the_child_and_its_own_children(tmp_path: Path) -> None:
    script = (
        "import subprocess; own = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1, stdout=2)"
    )
    async with scripted_process(
        tmp_path, f"{script}; answer(**{{'is': 'fault', 'code': own.pid}}); question()"
    ) as process:
        with pytest.raises(KeyError) as caught:
            await process.render(STRIKE, quiet)
        grandchild = psutil.Process(caught.value.args[0])
    _gone(grandchild.pid)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere the end of standard input does it"
)
def test_the_child_dies_with_a_program_that_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    command, environment = [sys.executable, str(program)], {**os.environ, "PYTHONPATH": str(SOURCES)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    _gone(child.pid)
    assert not child.is_running()


PROGRAM = """
import asyncio
from engine.child import Child, Setting

async def main():
    child = await Child.start(Setting("cpu", 1))
    print(child.pid, flush=True)
    await child.greeting()
    await child.receive()

asyncio.run(main())
"""


def test_few_cores_get_one_thread() -> None:
    cores = os.cpu_count() or 1
    assert default_threads() == (1 if cores <= 4 else cores // 2)
