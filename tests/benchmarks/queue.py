"""What the queue costs: pictures through it against the bare pipeline, and a wish that was granted before."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from app.commands.jobs import render
from app.place import utc_now
from app.studio import Studio
from tests.benchmarks import struck
from tests.benchmarks.figure import Figure, milliseconds, percentile
from tests.benchmarks.program import Program

BARE = """
import json, sys, time
import numpy as np, torch
torch.set_num_threads(1)
from diffusers import StableDiffusionPipeline
pipeline = StableDiffusionPipeline.from_pretrained(sys.argv[1], torch_dtype=torch.float32)
pipeline.set_progress_bar_config(disable=True)
ended = []
for number, prompt in enumerate(json.loads(sys.argv[2])):
    generator = torch.Generator().manual_seed(number)
    picture = pipeline(prompt, generator=generator, **json.loads(sys.argv[3])).images[0]
    picture.save(f"{sys.argv[4]}/{number}.png")
    ended.append(time.time())
print(json.dumps(ended))
"""
ROUNDS = 3


def measure(share: float) -> list[Figure]:
    """20 pictures a side, in three rounds that take turns, at full share."""
    count = max(3, int(20 * share))
    with tempfile.TemporaryDirectory() as place:
        rounds = [_round(Path(place) / str(number), count) for number in range(ROUNDS if share >= 1 else 1)]
        again = _again(Path(place) / "0", count)
    ratio = statistics.median(queue / bare for queue, bare in rounds)
    each = [f"{queue / (count - 1):.3f} s against {bare / (count - 1):.3f} s" for queue, bare in rounds]
    return [
        Figure(what=f"{count} pictures through the queue against the bare pipeline", unit="×", at_most=1.03,
               value=ratio, note="a picture, by round: " + "; ".join(each)),
        *again,
    ]  # fmt: skip


def _round(place: Path, count: int) -> tuple[float, float]:
    """Seconds from the first picture's end to the last one's, through the queue and bare."""
    place.mkdir()
    prompts = [struck.prompt(number) for number in range(count)]
    program = Program(place, place / "home")
    program.run("init", "film", "--name", "Overhead")
    film = Program(place / "film", place / "home")
    for number, prompt in enumerate(prompts):
        film.run(
            "asset",
            "add",
            "shot",
            f"SHOT-{number:03d}",
            "--scene",
            "SC-01",
            f"prompt={prompt}",
            f"seed={number}",
        )
    film.run("render", "--all", "--wait")
    ended = [datetime.fromisoformat(take["time"]).timestamp() for take in film.run("take", "list")["takes"]]
    return max(ended) - min(ended), _bare(place, prompts)


def _bare(place: Path, prompts: list[str]) -> float:
    folder, facts = struck.newest()
    recipe = struck.recipe(facts, prompts[0], 0, "standard")
    how = {"num_inference_steps": recipe.steps, "guidance_scale": recipe.guidance}
    how |= {"width": recipe.width, "height": recipe.height}
    command = [sys.executable, "-c", BARE, str(folder), json.dumps(prompts), json.dumps(how), str(place)]
    environment = Program(place, place).environment()
    ended = json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    return float(ended[-1] - ended[0])


def _again(place: Path, count: int) -> list[Figure]:
    film = Program(place / "film", place / "home")
    before = len(film.run("take", "list")["takes"])
    answers = asyncio.run(_answers(film, [f"SHOT-{number:03d}" for number in range(count)]))
    whole = [milliseconds(lambda: film.run("render", "SHOT-000", "--wait")) for _ in range(5)]
    rendered = len(film.run("take", "list")["takes"]) - before
    return [
        Figure(what="a recipe that has a take, asked again: answer of the open project", unit="ms", at_most=100,
               value=percentile(answers, 0.99), note=f"as a whole process, imports included, {min(whole):.0f} ms"),
        Figure(what="pictures rendered for it", unit="pictures", at_most=0, value=rendered),
    ]  # fmt: skip


async def _answers(film: Program, names: list[str]) -> list[float]:
    """Milliseconds that `render` takes for each of `names`, all of which have their take."""
    found = []
    async with Studio.open(film.folder, film.home, clock=utc_now) as studio:
        for name in names:
            start = time.perf_counter()
            answer = await render(studio, lambda told: None, names=[name], wait=True)
            found.append((time.perf_counter() - start) * 1000)
            assert all(job["deduplicated"] for job in answer["jobs"])
    return found
