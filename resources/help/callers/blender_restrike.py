"""A Blender add-on: has Restrike render the shot that is named like the scene, and shows its picture in a material.

Install this file: Edit > Preferences > Add-ons > Install from Disk. Start `restrike serve --render` in the film's
folder, then say which folder that is: 3D View > Sidebar (N) > Restrike. Blender stays free while the picture is made:
a thread does the asking and never touches Blender's data, a timer looks at what it has found.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import queue
import ssl
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import bpy  # type: ignore[import-not-found, unused-ignore]

bl_info = {
    "name": "Restrike",
    "author": "Restrike",
    "version": (1, 0, 0),
    "blender": (3, 6, 0),
    "location": "3D View > Sidebar > Restrike",
    "description": "Has Restrike render the shot named like the scene, and loads its picture",
    "category": "Render",
}

QUALITY = "low"
LOOK = 0.25
"""Seconds between two looks of the timer."""
ASK = 0.5
"""Seconds between two questions about a job."""


class Refused(Exception):
    """What was asked for cannot be had; the text says why, for people."""


class Restrike:
    """The program that has a film open: `restrike serve` in the film's folder."""

    def __init__(self, film: str) -> None:
        try:
            found = json.loads((Path(film) / ".restrike" / "api.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise Refused(f"nobody has {film or 'a film'} open: run restrike serve --render there") from error
        self._where = urlsplit(found["url"])
        self._token: str = found["token"]
        self._certificate: str | None = found["certificate"]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and bytes of an answer; raises `Refused` with what Restrike says where it refuses."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        try:
            connection = self._connected()
            try:
                connection.request(method, f"/api/v1{path}", sent, headers)
                answer = connection.getresponse()
                got = answer.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"Restrike does not answer ({error}): is restrike serve still running?") from error
        if answer.status >= 400 and answer.getheader("Content-Type") == "application/problem+json":
            problem = json.loads(got)
            raise Refused(f"{problem['detail']} ({problem['hint']})")
        if answer.status >= 400:
            raise Refused(f"another program answers at {self._where.netloc}: start restrike serve again")
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, got

    def _connected(self) -> http.client.HTTPConnection:
        """A connection; over TLS only to the certificate that api.json names, before the token is sent."""
        host, port = self._where.hostname or "127.0.0.1", self._where.port
        if self._where.scheme != "https":
            return http.client.HTTPConnection(host, port, timeout=60)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=60, context=context)
        connection.connect()
        shown = connection.sock.getpeercert(binary_form=True)
        if shown is None or hashlib.sha256(shown).hexdigest() != self._certificate:
            connection.close()
            raise Refused("the server shows another certificate than api.json says")
        return connection

    def rendered(self, asset: str, quality: str | None, wait: Callable[[float], object]) -> str:
        """The id of the take of an asset as it is now, rendered if need be; `wait` is called between two looks."""
        wanted = {"assets": [asset]} | ({"quality": quality} if quality else {})
        job = json.loads(self.ask("POST", "/regeneration/jobs", wanted)[2])["jobs"][-1]
        while job["state"] not in ("finished", "failed", "cancelled"):
            wait(ASK)
            job = json.loads(self.ask("GET", f"/regeneration/jobs/{quote(job['id'])}")[2])
        if job["take"] is None:
            raise Refused(f"{job['asset_name']}: {job['state']}, {job['reason'] or 'without a reason'}")
        return str(job["take"])

    def picture(self, take: str, wait: Callable[[float], object]) -> bytes:
        """The picture of a take; one that was deleted comes back first (202, and how long that takes)."""
        while True:
            status, headers, got = self.ask("GET", f"/assets/{quote(take)}/content?size=full")
            if status != 202:
                return got
            wait(float(headers["retry-after"]))


class Errand:
    """One shot on its way: `run` is the thread's, `look` is Blender's."""

    def __init__(self, scene: str, film: str) -> None:
        self.scene = scene
        self.stopped = threading.Event()
        self._film = film
        self._found: queue.SimpleQueue[bytes | Refused] = queue.SimpleQueue()

    def run(self) -> None:
        """Ask for the picture, wait for it, and leave it, or why there is none, for the timer."""
        found: bytes | Refused = Refused(
            "something unexpected went wrong: see Window > Toggle System Console"
        )
        try:
            restrike = Restrike(self._film)
            take = restrike.rendered(self.scene, QUALITY, self._wait)
            found = restrike.picture(take, self._wait)
        except Refused as refused:
            found = refused
        finally:
            self._found.put(found)

    def _wait(self, seconds: float) -> None:
        if self.stopped.wait(seconds):
            raise Refused("stopped")

    def look(self) -> float | None:
        """Called by Blender now and then: the seconds until the next time, or None once it is over."""
        if self.stopped.is_set():
            return None
        try:
            found = self._found.get_nowait()
        except queue.Empty:
            return LOOK
        errands.remove(self)
        if isinstance(found, Refused):
            say(self.scene, str(found))
        else:
            show(self.scene, found)
            say(self.scene, f"{self.scene} is here: see the material {material_name(self.scene)}")
        return None


errands: list[Errand] = []


def material_name(shot: str) -> str:
    """What the material that shows a shot is called."""
    return f"Restrike {shot}"


def show(shot: str, png: bytes) -> None:
    """Put a picture into the .blend file and into the shot's material, in place of the one before."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{shot}.png"
        path.write_bytes(png)
        image = bpy.data.images.load(str(path))
        image.pack()
    image["restrike_shot"] = shot
    texture(shot).image = image
    for old in [one for one in bpy.data.images if one.get("restrike_shot") == shot and one != image]:
        old.user_remap(image)
        bpy.data.images.remove(old)
    image.name = shot


def texture(shot: str) -> Any:
    """The image texture node in the shot's material, which is made if it is not there."""
    material = bpy.data.materials.get(material_name(shot))
    if material is None:
        material = bpy.data.materials.new(material_name(shot))
        material.use_fake_user = True
    if material.node_tree is None:  # always there from Blender 5 on
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    found = next((one for one in nodes if one.type == "TEX_IMAGE"), None)
    if found is None:
        found = nodes.new("ShaderNodeTexImage")
        for shader in [one for one in nodes if one.type == "BSDF_PRINCIPLED"]:
            links.new(found.outputs["Color"], shader.inputs["Base Color"])
    return found


def say(scene: str, words: str) -> None:
    """Write a sentence into the scene's panel."""
    found = bpy.data.scenes.get(scene)
    if found is None:  # renamed or deleted meanwhile
        return
    found.restrike_said = words
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            area.tag_redraw()


class RESTRIKE_OT_render(bpy.types.Operator):  # type: ignore[misc, unused-ignore]  # noqa: N801
    """Render the shot that is named like this scene, and load its picture when it is there"""

    bl_idname = "restrike.render"
    bl_label = "Render with Restrike"

    def execute(self, context: Any) -> set[str]:
        """Send the errand and return at once."""
        scene = context.scene
        if any(one.scene == scene.name for one in errands):
            self.report({"WARNING"}, f"{scene.name} is on its way already")
            return {"CANCELLED"}
        errand = Errand(scene.name, bpy.path.abspath(scene.restrike_film))
        errands.append(errand)
        say(scene.name, f"{scene.name} is on its way")
        threading.Thread(target=errand.run, name=f"restrike {scene.name}", daemon=True).start()
        bpy.app.timers.register(errand.look, first_interval=LOOK)
        return {"FINISHED"}


class RESTRIKE_PT_panel(bpy.types.Panel):  # type: ignore[misc, unused-ignore]  # noqa: N801
    """Which film it is, the button, and what was said last."""

    bl_label = "Restrike"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Restrike"

    def draw(self, context: Any) -> None:
        """Draw it."""
        self.layout.prop(context.scene, "restrike_film")
        self.layout.operator(RESTRIKE_OT_render.bl_idname, icon="RENDER_STILL")
        if context.scene.restrike_said:
            self.layout.label(text=context.scene.restrike_said)


CLASSES = (RESTRIKE_OT_render, RESTRIKE_PT_panel)


@bpy.app.handlers.persistent  # type: ignore[untyped-decorator, unused-ignore]
def forget(*_: object) -> None:
    """Let go of what is on its way: it belongs to the file that is being closed."""
    for errand in errands:
        errand.stopped.set()
    errands.clear()


def register() -> None:
    """Called by Blender when the add-on is switched on."""
    for one in CLASSES:
        bpy.utils.register_class(one)
    text = bpy.props.StringProperty
    bpy.types.Scene.restrike_film = text(name="Film", description="The film's folder", subtype="DIR_PATH")
    bpy.types.Scene.restrike_said = text(options={"SKIP_SAVE"})
    bpy.app.handlers.load_pre.append(forget)


def unregister() -> None:
    """Called by Blender when the add-on is switched off."""
    forget()
    bpy.app.handlers.load_pre.remove(forget)
    del bpy.types.Scene.restrike_said, bpy.types.Scene.restrike_film
    for one in reversed(CLASSES):
        bpy.utils.unregister_class(one)
