"""The words of the model card, for people who make pictures."""

from __future__ import annotations

from typing import Any

_TITLES = {"time": "time of day", "terrain": "place", "subject": "subject", "colour": "colour of the subject",
           "position": "where the subject stands", "distance": "how near the camera is",
           "count": "one subject, not none or several"}  # fmt: skip


def readme(card: dict[str, Any]) -> str:
    """Write a card as a Markdown page."""
    return (
        "\n\n".join([_head(card), _can(card), _cannot(card), _measured(card), _use(card), _made(card)]) + "\n"
    )


def _head(card: dict[str, Any]) -> str:
    note = f"\n\n{card['note']}" if card["note"] else ""
    return (
        f"---\nlicense: apache-2.0\npipeline_tag: text-to-image\nlibrary_name: diffusers\n---\n\n# {card['name']}\n\n"
        "A very small text-to-image model that draws storyboard frames of 96 × 56 pixels on an ordinary processor,\n"
        "in about a second. It comes with Restrike so that everything can be tried at once and offline. It knows a\n"
        f"small world of its own and nothing else.{note}"
    )


def _can(card: dict[str, Any]) -> str:
    lines = ["## What it can draw", "", "One subject in a landscape, under the light of an hour:", ""]
    for name in card["can"]:
        lines.append(f"- **{_TITLES[name]}**: {', '.join(card['grammar'][name])}")
    lines += ["", "Say it in the order you like; this order is the one it knows best:", ""]
    lines += [f"    {example}" for example in card["examples"]]
    lines += ["", "It understands these other words too:", ""]
    for name in card["can"]:
        others = [f"{ways[0]}: {', '.join(ways[1:])}" for ways in card["synonyms"][name].values() if ways[1:]]
        lines.append(f"- {_TITLES[name]}: {'; '.join(others)}")
    return "\n".join(lines)


def _cannot(card: dict[str, Any]) -> str:
    missed = [f"It does not reliably follow {_TITLES[name]}, though it tries." for name in card["cannot"]]
    rest = (
        "Faces, animals, writing, several subjects, actions, styles, and anything else that is not in the lists\n"
        "above. A prompt outside its world is no error: it draws a landscape of its own with what words it knows.\n"
        "Prompts are read as far as about thirty words. Details of a far subject are a few pixels, and it\n"
        "shows. With words that it does not know it may draw a subject twice, or half a house and half a tree."
    )
    return "\n".join(["## What it cannot draw", "", *missed, rest])


def _measured(card: dict[str, Any]) -> str:
    rows = [
        "| share of pictures that show what was asked | standard captions | free wording | wanted |",
        "|---|---|---|---|",
    ]
    for name, gate in card["gates"].items():
        shares = f"{card['following'][name]:.2f} | {card['following_paraphrased'][name]:.2f} | {gate:.2f}"
        rows.append(f"| {_TITLES[name]} | {shares} |")
    speed = card["speed"]
    drawn = card["defaults"]
    return "\n".join([
        "## Measured",
        "",
        f"{card['following_prompts']} random scenes ({card['following_paraphrased_prompts']} with free wording), "
        f"{drawn['steps']} steps, guidance {drawn['guidance']:g}, judged by a small classifier "
        "that was trained on the drawn frames.",
        "",
        *rows,
        "",
        f"One picture, in seconds of one processor core: {speed['seconds_at_10_steps']} s at 10 steps, "
        f"{speed['seconds_at_20_steps']} s at 20, {speed['seconds_at_30_steps']} s at 30; "
        f"{speed['peak_memory_mb']:.0f} MB at the most; loading takes {speed['load_seconds']} s.",
    ])  # fmt: skip


def _use(card: dict[str, Any]) -> str:
    drawn = card["defaults"]
    return (
        "## Using it\n\n"
        "An ordinary `StableDiffusionPipeline` folder of diffusers. Give height and width always:\n\n"
        "    pipe = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)\n"
        f'    pipe("{card["examples"][1]}", height={drawn["height"]}, width={drawn["width"]},\n'
        f"         num_inference_steps={drawn['steps']}, guidance_scale={drawn['guidance']:g}).images[0]\n\n"
        "For image-to-image build `StableDiffusionImg2ImgPipeline(**pipe.components)`; a strength of "
        f"{drawn['strength']:g} keeps the layout and\nlets the words change the rest."
    )


def _made(card: dict[str, Any]) -> str:
    return (
        "## How it was made\n\n"
        "Trained from nothing on 30,000 frames that a script draws (`starter/frames.py` in Restrike's repository),\n"
        "with captions from a small grammar: no photograph, no artist's picture, no one's data.\n"
        f"`python -m starter --help` tells how to make it again. Licence: {card['licence']}, weights and frames alike."
    )
