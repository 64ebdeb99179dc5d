"""Blender as far as an add-on of one operator sees it: as it behaves (tried with 5.0), without its window.

Its data may be touched by the thread that made it alone, as in Blender; a timer is called when a test says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any


class Named(list[Any]):
    """A collection of `bpy.data`, by name."""

    def __init__(self, made: Callable[[str], Any]) -> None:
        super().__init__()
        self._made = made
        self._thread = threading.current_thread()

    def __iter__(self) -> Any:
        self._check()
        return super().__iter__()

    def _check(self) -> None:
        assert threading.current_thread() is self._thread, "another thread touches Blender's data"

    def get(self, name: str) -> Any:
        """The one of that name, or None."""
        return next((one for one in self if one.name == name), None)

    def new(self, name: str) -> Any:
        """One more."""
        self._check()
        self.append(self._made(name))
        return self[-1]

    def load(self, filepath: str) -> Any:
        """An image of a file."""
        one = self.new(Path(filepath).name)
        one.filepath = filepath
        return one


class Image:
    """An image with properties of one's own; `packed` are its bytes once they are in the .blend file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.filepath = ""
        self.packed = b""
        self.users: list[Node] = []
        self._own: dict[str, Any] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        self._own[name] = value

    def get(self, name: str) -> Any:
        """A property of one's own, or None."""
        return self._own.get(name)

    def pack(self) -> None:
        """Take the file's bytes in."""
        self.packed = Path(self.filepath).read_bytes()

    def user_remap(self, other: Image) -> None:
        """Have all who show this one show the other."""
        for node in self.users:
            node.image = other


class Node:
    """A node of a material."""

    def __init__(self, type: str) -> None:
        self.type = type
        self.inputs = {"Base Color": SimpleNamespace(node=self)}
        self.outputs = {"Color": SimpleNamespace(node=self)}
        self._image: Image | None = None

    @property
    def image(self) -> Image | None:
        """What an image texture shows."""
        return self._image

    @image.setter
    def image(self, image: Image) -> None:
        self._image = image
        image.users.append(self)


class Nodes(list[Node]):
    """The nodes of a material."""

    def new(self, kind: str) -> Node:
        """One more of that kind."""
        self.append(Node({"ShaderNodeTexImage": "TEX_IMAGE"}[kind]))
        return self[-1]


class Links(list[Any]):
    """What is connected in a material."""

    def new(self, source: Any, target: Any) -> None:
        """Connect two sockets."""
        self.append((source.node.type, target.node.type))


class Material:
    """A material, without nodes until they are used."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.use_fake_user = False
        self.node_tree: SimpleNamespace | None = None

    @property
    def use_nodes(self) -> bool:
        """Whether it has nodes."""
        return self.node_tree is not None

    @use_nodes.setter
    def use_nodes(self, wanted: bool) -> None:
        assert wanted
        nodes = Nodes([Node("OUTPUT_MATERIAL"), Node("BSDF_PRINCIPLED")])
        self.node_tree = SimpleNamespace(nodes=nodes, links=Links())


class Operator:
    """What operators are made from; `said` is what they reported."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def report(self, kind: set[str], words: str) -> None:
        """Tell the person."""
        self.said.append(words)


class Panel:
    """What panels are made from."""


class Blender:
    """A Blender with one scene; `module` is what `import bpy` gives."""

    def __init__(self, scene: str, film: Path) -> None:
        self.scene = SimpleNamespace(name=scene, restrike_film=str(film), restrike_said="")
        self.images, self.materials = Named(Image), Named(Material)
        self.timers: list[Callable[[], float | None]] = []
        self.registered: list[type] = []
        self.before_load: list[Callable[..., None]] = []
        self.context = SimpleNamespace(scene=self.scene, window_manager=SimpleNamespace(windows=[]))
        self._scenes = Named(lambda name: SimpleNamespace(name=name))
        self._scenes.append(self.scene)
        self.module = self._module()

    def _module(self) -> ModuleType:
        made = ModuleType("bpy")
        made.types = SimpleNamespace(Operator=Operator, Panel=Panel, Scene=type("Scene", (), {}))  # type: ignore[attr-defined]
        made.props = SimpleNamespace(StringProperty=lambda **given: given)  # type: ignore[attr-defined]
        made.path = SimpleNamespace(abspath=str)  # type: ignore[attr-defined]
        made.context = self.context  # type: ignore[attr-defined]
        made.data = SimpleNamespace(images=self.images, materials=self.materials, scenes=self._scenes)  # type: ignore[attr-defined]
        made.utils = SimpleNamespace(  # type: ignore[attr-defined]
            register_class=self.registered.append, unregister_class=self.registered.remove
        )
        made.app = SimpleNamespace(  # type: ignore[attr-defined]
            timers=SimpleNamespace(register=lambda timer, first_interval=0.0: self.timers.append(timer)),
            handlers=SimpleNamespace(load_pre=self.before_load, persistent=lambda function: function),
        )
        return made

    def press(self, operator: type) -> set[str]:
        """Press the button of an operator."""
        found: set[str] = operator().execute(self.context)
        return found

    def tick(self) -> None:
        """Call every timer once; one that is over says None and goes."""
        self.timers[:] = [timer for timer in self.timers if timer() is not None]
