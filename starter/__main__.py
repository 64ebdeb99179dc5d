"""The command line that makes the starter model: all of it from nothing, or one stage again."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from starter import stages

_STORY = """\
The stages, in order, each reading what the earlier ones left in the work folder:

  frames     draw captioned storyboard frames                       about 5 minutes
  text       make the tokenizer, teach the text encoder the grammar       4 minutes
  vae        train the picture codec, whiten it, settle its decoder      19 minutes
  latents    encode the frames                                             1 minute
  judge      train the classifier that measures                            4 minutes
  unet       train the denoiser (--start goes on from a checkpoint)  45 minutes and up
  release    gather a diffusers folder from the work folder
  card       measure a release, write its card.json and README.md         5 minutes
  grid       draw example prompts of a release as one PNG

`all` runs every stage and leaves a first release; for the next version run

  python -m starter refine
  python -m starter unet --start unet.pt --save unet2.pt --seed 2
  python -m starter release FOLDER --checkpoint unet2.pt --vae vae2
  python -m starter card FOLDER --name "Starter v2"

Training is measured in seconds, so a slow machine makes a poorer model, not a longer wait.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one stage, named by the first argument."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    action: Callable[[argparse.Namespace], None] = options.action
    action(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m starter",
        description="Make Restrike's starter model from nothing.",
        epilog=_STORY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("/tmp/starter"),
        help="folder for everything on the way (default: %(default)s)",
    )
    commands = parser.add_subparsers(required=True, metavar="STAGE")
    _timed(commands, "frames", stages.frames, "draw captioned frames").add_argument(
        "--count", type=int, default=30_000, help="how many (default: %(default)s)"
    )
    _timed(commands, "text", stages.text, "tokenizer and text encoder", 240)
    _workers(_timed(commands, "vae", stages.vae, "train the picture codec", 1000))
    _workers(_timed(commands, "refine", stages.refine, "train the codec's decoder on, into vae2", 600))
    _timed(commands, "latents", stages.latents, "encode the frames")
    _timed(commands, "judge", stages.judge, "train the judge", 240)
    _unet_options(_timed(commands, "unet", stages.unet, "train the denoiser", 3000))
    _release_options(_timed(commands, "release", stages.release, "gather a diffusers folder"))
    _card_options(_timed(commands, "card", stages.card, "measure a release and write its card"))
    grid = _timed(commands, "grid", stages.grid, "draw example prompts as one PNG")
    grid.add_argument("folder", type=Path, help="a release")
    grid.add_argument("png", type=Path, help="where the picture goes")
    watch = _timed(commands, "stopwatch", stages.stopwatch, "time drawing in this process, print JSON")
    watch.add_argument("folder", type=Path, help="a release")
    watch.add_argument("--guidance", type=float, default=3.0, help="guidance scale (default: %(default)s)")
    whole = _timed(commands, "all", _all, "every stage, then a first release")
    whole.add_argument("folder", type=Path, help="where the release goes")
    return parser


def _timed(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str,
    action: Callable[[argparse.Namespace], None], text: str, seconds: float | None = None,
) -> argparse.ArgumentParser:  # fmt: skip
    """Add a stage; with a number of seconds it is a training run that can be given another."""
    stage = commands.add_parser(name, help=text, description=text.capitalize() + ".")
    stage.set_defaults(action=action)
    if seconds is not None:
        stage.add_argument(
            "--seconds", type=float, default=seconds, help="how long to train (default: %(default)s)"
        )
    return stage


def _unet_options(stage: argparse.ArgumentParser) -> None:
    stage.add_argument("--start", help="checkpoint in the work folder to go on from")
    stage.add_argument("--save", default="unet.pt", help="checkpoint to write (default: %(default)s)")
    stage.add_argument(
        "--peak", type=float, default=2e-3, help="highest learning rate (default: %(default)s)"
    )
    stage.add_argument(
        "--bend",
        type=float,
        default=0.85,
        help="below 1 trains more on noisy time steps (default: %(default)s)",
    )
    stage.add_argument(
        "--box-weight", type=float, default=4.0, help="extra loss in the subject's box (default: %(default)s)"
    )
    stage.add_argument(
        "--seed", type=int, default=0, help="for weights, noise and captions (default: %(default)s)"
    )
    _workers(stage)


def _workers(stage: argparse.ArgumentParser) -> None:
    stage.add_argument(
        "--workers", type=int, default=2, help="processes of one thread each (default: %(default)s)"
    )


def _release_options(stage: argparse.ArgumentParser) -> None:
    stage.add_argument("folder", type=Path, help="where the release goes; replaced if it is there")
    stage.add_argument(
        "--checkpoint", default="unet.pt", help="denoiser in the work folder (default: %(default)s)"
    )
    stage.add_argument("--vae", default="vae1", help="codec in the work folder (default: %(default)s)")


def _card_options(stage: argparse.ArgumentParser) -> None:
    stage.add_argument("folder", type=Path, help="a release")
    stage.add_argument("--name", default="Starter v1", help="the title (default: %(default)s)")
    stage.add_argument("--steps", type=int, default=20, help="default number of steps (default: %(default)s)")
    stage.add_argument("--guidance", type=float, default=3.0, help="default guidance (default: %(default)s)")
    stage.add_argument(
        "--strength", type=float, default=0.7, help="default strength, image-to-image (default: %(default)s)"
    )
    stage.add_argument("--note", default="", help="a sentence for the card's head")


def _all(options: argparse.Namespace) -> None:
    work, folder = str(options.work), str(options.folder)
    for stage in ("frames", "text", "vae", "latents", "judge", "unet"):
        main(["--work", work, stage])
    main(["--work", work, "release", folder])
    main(["--work", work, "card", folder])


if __name__ == "__main__":
    main()
