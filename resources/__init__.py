"""What ships beside the code: models, the sample film, help pages; paths alone, no code."""

from pathlib import Path

RESOURCES: Path = Path(__file__).resolve().parent


def bundled_models() -> list[Path]:
    """The model folders that ship with the program, releases in the order they were made."""
    return sorted(path.parent for path in RESOURCES.glob("models/*/model_index.json"))
