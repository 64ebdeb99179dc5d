"""The recipes of the help page run as they stand: in a shell, in Python, in stand-ins for Blender and ComfyUI."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from app.api import address, certificate
from app.api.client import Client
from app.api.server import Listening
from resources import RESOURCES
from tests.app.api.served import served
from tests.fakes.blender import Blender
from tests.journeys.processes import ROOT

PAGE = (RESOURCES / "help" / "api-recipes.md").read_text("utf-8")
CALLERS = RESOURCES / "help" / "callers"
PNG = b"\x89PNG\r\n\x1a\n"


def recipe(title: str) -> str:
    """What is to be typed in a section of the page: its indented lines."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ") or not line]
    return "\n".join(lines).strip() + "\n"


@dataclass(frozen=True)
class Hall:
    """A film that `restrike serve --render` has open in a process of its own, and the environment of whoever calls."""

    film: Path
    environment: dict[str, str]

    def run(self, *command: str) -> str:
        """What a program in the film's folder prints; it must succeed."""
        done = subprocess.run(
            command, cwd=self.film, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command[:2], done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout


@pytest.fixture(scope="module")
def hall(
    children_seen: dict[psutil.Process, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hall]:
    """One server with the starter model for all recipes; the environment names its program and its home."""
    folder = tmp_path_factory.mktemp("hall")
    for name in ("bin", "home", "tmp"):
        (folder / name).mkdir()
    program = folder / "bin" / "restrike"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m app "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(program.parent), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "RESTRIKE_HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
    }
    made = Hall(folder, environment)
    made.run("restrike", "init", "film")
    made = Hall(folder / "film", environment)
    made.run("restrike", "asset", "add", "environment", "HARBOUR", "prompt=sea at dusk", "seed=1", "steps=3")
    made.run("restrike", "asset", "add", "character", "MARA", "prompt=a red traveller", "seed=7", "tier=low")
    fed = ("--scene", "SC-01", "--input", "HARBOUR", "--input", "MARA")
    made.run("restrike", "asset", "add", "shot", "SH010", *fed, "prompt=medium shot", "seed=3", "tier=low")
    with subprocess.Popen(
        ["restrike", "serve", "--render"], cwd=made.film, env=environment, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        assert "is open at" in server.stderr.readline()
        yield made
        server.terminate()
        server.stderr.read()
        assert server.wait() == 0
    assert list((folder / "tmp").iterdir()) == [], "nothing is left in the folder for temporary files"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_curl(hall: Hall) -> None:
    told = [line for line in hall.run("bash", "-euo", "pipefail", "-c", recipe("curl")).splitlines() if line]
    written = {path.name: path.read_bytes() for path in hall.film.iterdir() if path.is_file()}
    projects, shots, unchanged, saved, refused, prompt, again, ended, *_ = told
    assert json.loads(projects)["projects"][0]["name"] == "film"
    assert [one["name"] for one in json.loads(shots)["assets"]] == ["SH010"]
    assert unchanged == "304"
    assert "unchanged.json" not in written
    assert json.loads(saved)["saved"]
    assert refused == "409"
    assert json.loads(written["conflict.json"])["code"] == "outdated"
    assert prompt == "a green traveller"
    jobs = json.loads(written["jobs.json"])
    assert jobs["jobs"][-1]["asset_name"] == "SH010"
    assert json.loads(again) == jobs
    assert b"idempotency-replayed: true" in written["headers.txt"].lower()
    assert ended == "finished"
    [done] = [json.loads(line)["answer"] for line in told if line.startswith('{"answer"')]
    assert done["jobs"][0]["asset_name"] == "MARA"
    assert_fetched(hall, written)


def assert_fetched(hall: Hall, written: dict[str, bytes]) -> None:
    """What was fetched is what was rendered, and came back as it was."""
    with Client.of(hall.film) as client:
        take = client.takes("SH010")[-1]
    picture = written["SH010.png"]
    assert (take.sha256, take.grade) == (hashlib.sha256(picture).hexdigest(), "R0")
    assert written["shared.png"] == picture
    assert written["again.png"] == picture
    assert written["head.bin"] == PNG
    assert written["SH010.webp"][:4] == b"RIFF"


@pytest.mark.slow
def test_python(hall: Hall) -> None:
    client = Path(Client.__module__.replace(".", "/")).parent
    shutil.copytree(
        ROOT / client, hall.film / "restrike_client", ignore=shutil.ignore_patterns("__pycache__")
    )
    (hall.film / "recipe.py").write_text(recipe("Python"), encoding="utf-8")
    told = hall.run(sys.executable, "-I", "-c", ALONE).splitlines()
    assert told[0] == "MARA finished "
    assert int(told[-1]) > 0
    with Client.of(hall.film) as restrike:
        assert restrike.asset("MARA").parameters["prompt"] == "a blue traveller"
        take = restrike.takes("MARA")[-1]
    assert hashlib.sha256((hall.film / "MARA.png").read_bytes()).hexdigest() == take.sha256


ALONE = """if True:
    import runpy, sys
    sys.path.insert(0, ".")
    runpy.run_path("recipe.py", run_name="__main__")
    assert not {"app", "engine", "sync"} & set(sys.modules), "the client stands alone"
"""


def caller(name: str, patch: pytest.MonkeyPatch, **modules: ModuleType) -> Any:
    """One of the files for other programs, imported as they do, with stand-ins for what those programs have."""
    for module, stand_in in modules.items():
        patch.setitem(sys.modules, module, stand_in)
    found = importlib.util.spec_from_file_location(name, CALLERS / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    made = importlib.util.module_from_spec(found)
    found.loader.exec_module(made)
    return made


@contextmanager
def paused(hall: Hall) -> Iterator[None]:
    """Nothing new is rendered meanwhile."""
    with Client.of(hall.film) as client:
        client.request("POST", client.path("jobs", "pause"))
        try:
            yield
        finally:
            client.request("POST", client.path("jobs", "resume"))


def test_blender_stays_free_and_shows_the_picture(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.run("restrike", "asset", "add", "shot", "SH020", "prompt=close-up", "seed=4")
    blender = Blender("SH020", hall.film)
    addon = caller("blender_restrike", monkeypatch, bpy=blender.module)
    addon.register()
    with paused(hall):
        assert blender.press(addon.RESTRIKE_OT_render) == {"FINISHED"}
        assert blender.press(addon.RESTRIKE_OT_render) == {"CANCELLED"}
        blender.tick()
        assert len(blender.timers) == 1, "the picture cannot be there yet, and Blender goes on"
    finish(blender, "SH020")
    assert blender.scene.restrike_said == "SH020 is here: see the material Restrike SH020"
    [image], [material] = blender.images, blender.materials
    with Client.of(hall.film) as client:
        take = client.takes("SH020")[-1]
        assert client.asset("SH020").tier == "low"
    assert hashlib.sha256(image.packed).hexdigest() == take.sha256
    assert not Path(image.filepath).exists()
    assert material.node_tree.nodes[-1].image is image
    assert material.node_tree.links == [("TEX_IMAGE", "BSDF_PRINCIPLED")]
    blender.press(addon.RESTRIKE_OT_render)
    finish(blender, "SH020")
    assert [one.name for one in blender.images] == ["SH020"], "the new picture takes the place of the old one"
    assert material.node_tree.nodes[-1].image is blender.images[0]
    addon.unregister()
    assert blender.registered == []
    assert blender.before_load == []


def finish(blender: Blender, shot: str) -> None:
    """Let the thread for a shot end, and the timer see what it found."""
    for thread in [one for one in threading.enumerate() if one.name == f"restrike {shot}"]:
        thread.join(60)
    blender.tick()
    assert blender.timers == []


def test_blender_says_why_there_is_no_picture(
    hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blender = Blender("SH999", hall.film)
    addon = caller("blender_restrike", monkeypatch, bpy=blender.module)
    addon.register()
    blender.press(addon.RESTRIKE_OT_render)
    finish(blender, "SH999")
    assert blender.scene.restrike_said.startswith("there is no asset 'SH999'")
    blender.scene.restrike_film = str(tmp_path)
    blender.press(addon.RESTRIKE_OT_render)
    finish(blender, "SH999")
    assert blender.scene.restrike_said.endswith("open: run restrike serve --render there")


def test_blender_forgets_what_belongs_to_another_file(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    blender = Blender("SH999", hall.film)
    addon = caller("blender_restrike", monkeypatch, bpy=blender.module)
    addon.register()
    blender.press(addon.RESTRIKE_OT_render)
    [forget] = blender.before_load
    forget("another.blend")
    finish(blender, "SH999")
    assert addon.errands == []
    assert blender.scene.restrike_said == "SH999 is on its way"


class Cancelled(Exception):
    """What ComfyUI raises where somebody pressed Cancel."""


class Comfy:
    """ComfyUI as far as a node sees it: `modules` are to be imported, `cancelled` says whether Cancel was pressed."""

    def __init__(self) -> None:
        self.cancelled = False
        self.modules = {"comfy": ModuleType("comfy"), "comfy.model_management": ModuleType("management")}
        management = self.modules["comfy.model_management"]
        management.throw_exception_if_processing_interrupted = self._check  # type: ignore[attr-defined]
        self.modules["comfy"].model_management = management  # type: ignore[attr-defined]

    def _check(self) -> None:
        if self.cancelled:
            raise Cancelled


def test_comfyui_gets_the_pixels_of_the_picture(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    hall.run("restrike", "asset", "add", "prop", "LAMP", "prompt=a yellow tower", "seed=5", "tier=low")
    module = caller("comfyui_restrike", monkeypatch, **Comfy().modules)
    [(name, node)] = module.NODE_CLASS_MAPPINGS.items()
    assert name in module.NODE_DISPLAY_NAME_MAPPINGS
    wanted = {
        key: options[0] if isinstance(options, list) else more["default"]
        for key, (options, more) in node.INPUT_TYPES()["required"].items()
    } | {"film": str(hall.film), "asset": "LAMP"}
    before = node.IS_CHANGED(**wanted)
    (image,) = getattr(node(), node.FUNCTION)(**wanted)
    assert node.RETURN_TYPES == ("IMAGE",)
    assert node.IS_CHANGED(**wanted) == before, "the same picture is not asked for twice"
    with Client.of(hall.film) as client:
        png = client.content("LAMP")
        assert isinstance(png, bytes)
        client.set_asset("LAMP", seed=6)
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    assert (image.dtype, tuple(image.shape)) == (torch.float32, (1, 56, 96, 3))
    assert np.array_equal(np.round(image[0].numpy() * 255).astype(np.uint8), pixels)
    assert node.IS_CHANGED(**wanted) != before


def test_comfyui_can_cancel(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.run("restrike", "asset", "add", "prop", "LANTERN", "prompt=a red tower", "seed=8", "tier=low")
    comfy = Comfy()
    comfy.cancelled = True
    node = caller("comfyui_restrike", monkeypatch, **comfy.modules).RestrikePicture()
    with paused(hall), pytest.raises(Cancelled):
        node.picture(str(hall.film), "LANTERN", "low")
    with pytest.raises(Exception, match="there is no asset 'NOBODY'"):
        node.picture(str(hall.film), "NOBODY", "low")


def test_both_callers_hold_the_same_class_and_the_page_shows_their_lines() -> None:
    sources = {path.stem: path.read_text("utf-8") for path in CALLERS.glob("*.py")}
    assert sorted(sources) == ["blender_restrike", "comfyui_restrike"]
    classes = {
        re.findall(r"^class Restrike:\n(?:(?: {4}.*)?\n)+", text, re.MULTILINE)[0].strip()
        for text in sources.values()
    }
    assert len(classes) == 1
    for title, text in (("Blender", sources["blender_restrike"]), ("ComfyUI", sources["comfyui_restrike"])):
        for line in recipe(title).splitlines():
            assert line.strip() in text


async def test_callers_know_the_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    addon = caller("blender_restrike", monkeypatch, bpy=Blender("A", tmp_path).module)
    made = certificate.ensure(tmp_path, "127.0.0.1", lambda: datetime.now(UTC))
    listening = Listening(certificate=made.cert_file, key=made.key_file)
    async with served(tmp_path / "film", listening=listening) as film:
        restrike = addon.Restrike(str(tmp_path / "film"))
        status, _, got = await asyncio.to_thread(restrike.ask, "GET", "/projects")
        assert status == 200
        assert json.loads(got)["projects"][0]["id"] == film.studio.project.id
        path = address.path(tmp_path / "film")
        path.write_text(path.read_text("utf-8").replace(made.sha256, "0" * 64), encoding="utf-8")
        restrike = addon.Restrike(str(tmp_path / "film"))
        with pytest.raises(addon.Refused, match="another certificate"):
            await asyncio.to_thread(restrike.ask, "GET", "/projects")
        path.write_text(path.read_text("utf-8").replace("0" * 64, made.sha256), encoding="utf-8")
