"""A small grammar of captions: scenes to words, canonical or paraphrased, and words to scenes."""

from __future__ import annotations

import re

import numpy as np

from starter.scene import Scene, names

# For each value the ways to say it; the first is the canonical one. No word or phrase stands for
# two values, so that a caption parses back.
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "time": {
        "dawn": ("dawn", "sunrise", "daybreak", "early morning", "first light"),
        "noon": ("noon", "midday", "daytime", "bright day", "sunny day"),
        "dusk": ("dusk", "sunset", "twilight", "evening", "golden hour"),
        "night": ("night", "midnight", "moonlight", "starlight", "nighttime"),
    },
    "terrain": {
        "mountains": ("mountains", "mountain", "peaks", "alps", "hills"),
        "desert": ("desert", "dunes", "sand", "wasteland"),
        "forest": ("forest", "woods", "woodland", "pines"),
        "sea": ("sea", "ocean", "water", "coast", "lake"),
        "city": ("city", "town", "street", "skyline", "downtown"),
    },
    "subject": {
        "traveller": ("traveller", "traveler", "wanderer", "wizard", "pilgrim", "person"),
        "robot": ("robot", "android", "machine", "automaton"),
        "house": ("house", "cottage", "cabin", "hut", "home"),
        "tree": ("tree", "oak", "maple"),
        "balloon": ("balloon", "hot air balloon", "airship"),
        "ship": ("ship", "boat", "sailboat", "sailing boat"),
        "car": ("car", "automobile", "vehicle", "taxi"),
        "tower": ("tower", "lighthouse", "beacon"),
    },
    "colour": {
        "red": ("red", "crimson", "scarlet"),
        "yellow": ("yellow", "golden", "gold"),
        "green": ("green", "emerald"),
        "blue": ("blue", "azure", "cobalt"),
        "purple": ("purple", "violet"),
        "white": ("white", "ivory", "pale"),
    },
    "position": {
        "left": ("on the left", "left", "at left", "to the left", "on the left side"),
        "centre": ("in the centre", "centre", "center", "in the middle", "in the center"),
        "right": ("on the right", "right", "at right", "to the right", "on the right side"),
    },
    "distance": {
        "close": ("close-up", "close", "close up", "close shot", "near", "large"),
        "medium": ("medium shot", "medium", "mid shot", "mid-shot"),
        "far": ("wide shot", "far", "far away", "distant", "long shot", "small", "tiny"),
    },
}

_OPENERS = ("", "", "", "a storyboard frame of ", "a film still of ", "a picture of ", "a painting of ")
_CLOSERS = ("", "", "", ", cinematic", ", soft light", ", film still", ", beautiful", ", storyboard")
# Words that no scene explains: what a prompt outside the grammar is full of.
_STRANGERS = ("cat", "smiling", "portrait", "dragon", "queen", "dancing", "detailed", "horse", "alien",
              "spaceship", "running", "old", "young", "mysterious", "8k", "photograph", "two", "eating",
              "flower", "garden", "kitchen", "face", "wolf", "knight", "happy", "sad", "style", "by",
              "rain", "river", "castle", "dog", "bird", "with", "under", "and", "the", "of")  # fmt: skip


def canonical(scene: Scene) -> str:
    """Say a scene in the one standard way."""
    say = {name: WORDS[name][getattr(scene, name)][0] for name in names()}
    return (f"{say['distance']}, a {say['colour']} {say['subject']} {say['position']}, "
            f"{say['terrain']} at {say['time']}")  # fmt: skip


def paraphrase(scene: Scene, rng: np.random.Generator, keep: float = 1.0) -> str:
    """Say a scene with synonyms, in free order; each attribute is kept with this probability."""
    kept = {name for name in names() if rng.random() < keep}
    say = {name: str(rng.choice(WORDS[name][getattr(scene, name)])) for name in kept}
    parts = [_subject_phrase(say, rng), _place_phrase(say, rng)]
    for name in ("position", "distance"):
        if name in say:
            parts.append(say[name])
    parts = [part for part in parts if part]
    order = rng.permutation(len(parts))
    joint = " " if len(parts) == 2 and rng.random() < 0.3 else ", "
    body = joint.join(parts[int(index)] for index in order)
    return str(rng.choice(_OPENERS)) + body + str(rng.choice(_CLOSERS))


def strange(rng: np.random.Generator) -> str:
    """Make a prompt that says nothing of a scene: strangers' words, or random letters."""
    words = [str(word) for word in rng.choice(_STRANGERS, int(rng.integers(1, 9)))]
    for index in range(len(words)):
        if rng.random() < 0.3:
            letters = rng.integers(ord("a"), ord("z") + 1, int(rng.integers(2, 7)))
            words[index] = "".join(chr(letter) for letter in letters)
    return " ".join(words)


def parse(caption: str) -> dict[str, str]:
    """Find the attributes that a caption names; longer phrases win, then the earlier ones."""
    found: dict[str, str] = {}
    text = " " + " ".join(re.findall(r"[a-z0-9]+", caption.lower())) + " "
    for phrase, name, value in _PHRASES:
        if f" {phrase} " in text:
            found.setdefault(name, value)
            text = text.replace(f" {phrase} ", "  ")
    return found


def training_caption(scene: Scene, rng: np.random.Generator) -> str:
    """Caption a picture for training: half canonical, the rest freer, some with gaps, some empty."""
    luck = rng.random()
    if luck < 0.08:
        return "" if rng.random() < 0.6 else strange(rng)
    if luck < 0.5:
        return canonical(scene)
    if luck < 0.85:
        return paraphrase(scene, rng)
    text = paraphrase(scene, rng, keep=0.7)
    return f"{text}, {strange(rng)}" if rng.random() < 0.3 else text


def vocabulary() -> tuple[str, ...]:
    """List every word that the grammar can write, once, in a fixed order."""
    phrases = [phrase for values in WORDS.values() for ways in values.values() for phrase in ways]
    texts = phrases + list(_OPENERS + _CLOSERS + _STRANGERS) + ["a", "an", "at", "in", "by", "during", "shot"]
    return tuple(sorted({word for text in texts for word in re.findall(r"[a-z]+", text.lower())}))


def _subject_phrase(say: dict[str, str], rng: np.random.Generator) -> str:
    """The subject and its colour, as far as they are said."""
    colour, subject = say.get("colour", ""), say.get("subject", "")
    if colour and not subject:
        return colour
    words = f"{colour} {subject}".strip()
    return f"a {words}" if words and rng.random() < 0.7 else words


def _place_phrase(say: dict[str, str], rng: np.random.Generator) -> str:
    """The terrain and the time of day, as far as they are said."""
    terrain, time = say.get("terrain", ""), say.get("time", "")
    if terrain and time:
        return str(
            rng.choice(
                [
                    f"{terrain} at {time}",
                    f"{terrain}, {time}",
                    f"{time} {terrain}",
                    f"in the {terrain}, {time}",
                ]
            )
        )
    if terrain:
        return str(rng.choice([terrain, f"in the {terrain}"]))
    return str(rng.choice([time, f"at {time}"])) if time else ""


def _phrases() -> list[tuple[str, str, str]]:
    """Every phrase with what it means, longest first."""
    table = [(" ".join(re.findall(r"[a-z0-9]+", phrase)), name, value)
             for name, values in WORDS.items() for value, ways in values.items() for phrase in ways]  # fmt: skip
    return sorted(set(table), key=lambda row: (-len(row[0].split()), row))


_PHRASES = _phrases()
