"""The stages of making the starter model: each reads and writes files in one work folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def frames(options: argparse.Namespace) -> None:
    """Draw frames into `frames.npz`."""
    from starter.frames import write_frames

    write_frames(options.work / "frames.npz", options.count, 10_000)


def text(options: argparse.Namespace) -> None:
    """Make the tokenizer `tok` and the text encoder `text`."""
    from starter.captions import vocabulary
    from starter.text import train_text_encoder
    from starter.tokenizer import new_tokenizer, save_tokenizer

    tokenizer = new_tokenizer(vocabulary())
    save_tokenizer(tokenizer, options.work / "tok")
    train_text_encoder(tokenizer, options.work / "text", options.seconds)


def vae(options: argparse.Namespace) -> None:
    """Train the codec `vae0`, then settle its decoder after whitening: `vae1`."""
    from starter.vae import Practice, train_vae

    work: Path = options.work
    train_vae(Practice(work / "frames.npz", work / "vae0", options.seconds), options.workers)
    settling = Practice(
        work / "frames.npz",
        work / "vae1",
        options.seconds / 8,
        start=work / "vae0",
        frozen=True,
        peak=1e-3,
        seed=1,
    )
    train_vae(settling, options.workers)


def refine(options: argparse.Namespace) -> None:
    """Train the decoder of `vae1` on: `vae2`."""
    from starter.vae import Practice, train_vae

    work: Path = options.work
    practice = Practice(
        work / "frames.npz",
        work / "vae2",
        options.seconds,
        start=work / "vae1",
        frozen=True,
        peak=1e-3,
        seed=2,
    )
    train_vae(practice, options.workers)


def latents(options: argparse.Namespace) -> None:
    """Encode the frames: `latents.npz`."""
    from starter.unet import write_latents

    write_latents(options.work / "frames.npz", options.work / "vae0", options.work / "latents.npz")


def judge(options: argparse.Namespace) -> None:
    """Train `judge.pt`."""
    from starter.judge import train_judge

    train_judge(options.work / "frames.npz", options.work / "judge.pt", options.seconds)


def unet(options: argparse.Namespace) -> None:
    """Train the denoiser into a checkpoint."""
    from starter.unet import Course, train_unet

    work: Path = options.work
    course = Course(
        latents=work / "latents.npz", tokenizer=work / "tok", text_encoder=work / "text",
        out=work / options.save, seconds=options.seconds, start=work / options.start if options.start else None,
        peak=options.peak, bend=options.bend, seed=options.seed, box_weight=options.box_weight,
    )  # fmt: skip
    train_unet(course, options.workers)


def release(options: argparse.Namespace) -> None:
    """Gather a release from a checkpoint and a codec."""
    from starter.release import write_release

    work: Path = options.work
    size = write_release(
        work / options.checkpoint, work / options.vae, work / "text", work / "tok", options.folder
    )
    print(f"{options.folder}: {size / 1e6:.1f} MB")


def card(options: argparse.Namespace) -> None:
    """Measure a release with the judge and write its card."""
    from starter.card import Defaults, write_card

    defaults = Defaults(options.steps, options.guidance, options.strength)
    card = write_card(options.folder, options.work / "judge.pt", options.name, defaults, options.note)
    print(
        json.dumps(
            {"following": card["following"], "cannot": card["cannot"], "speed": card["speed"]}, indent=2
        )
    )


def grid(options: argparse.Namespace) -> None:
    """Draw a contact sheet."""
    from starter.grid import write_grid

    write_grid(options.folder, options.png)


def stopwatch(options: argparse.Namespace) -> None:
    """Print how long drawing takes."""
    from starter.card import stopwatch

    print(json.dumps(stopwatch(options.folder, options.guidance)))
