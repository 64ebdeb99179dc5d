"""What a storyboard frame can show: six attributes, each with a short list of values."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

import numpy as np

WIDTH = 96
HEIGHT = 56

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "time": ("dawn", "noon", "dusk", "night"),
    "terrain": ("mountains", "desert", "forest", "sea", "city"),
    "subject": ("traveller", "robot", "house", "tree", "balloon", "ship", "car", "tower"),
    "colour": ("red", "yellow", "green", "blue", "purple", "white"),
    "position": ("left", "centre", "right"),
    "distance": ("close", "medium", "far"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One combination of attribute values; every combination can be drawn."""

    time: str
    terrain: str
    subject: str
    colour: str
    position: str
    distance: str

    def __post_init__(self) -> None:
        for name, value in zip(names(), astuple(self), strict=True):
            if value not in ATTRIBUTES[name]:
                raise ValueError(f"{name} cannot be {value!r}; it is one of {', '.join(ATTRIBUTES[name])}")

    @classmethod
    def random(cls, rng: np.random.Generator) -> Scene:
        """Draw each attribute uniformly and independently."""
        return cls(**{name: str(rng.choice(values)) for name, values in ATTRIBUTES.items()})

    @classmethod
    def from_labels(cls, labels: tuple[int, ...]) -> Scene:
        """Undo `labels`."""
        pairs = zip(names(), labels, strict=True)
        return cls(**{name: ATTRIBUTES[name][label] for name, label in pairs})

    def labels(self) -> tuple[int, ...]:
        """Give the index of each value in `ATTRIBUTES`, in the order of `names()`."""
        pairs = zip(names(), astuple(self), strict=True)
        return tuple(ATTRIBUTES[name].index(value) for name, value in pairs)


def names() -> tuple[str, ...]:
    """Name the attributes in the order that labels and judges use."""
    return tuple(field.name for field in fields(Scene))
