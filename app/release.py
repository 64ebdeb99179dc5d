"""Which release of the program this is."""

from __future__ import annotations


def release() -> str:
    """The installed release."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("restrike")
    except PackageNotFoundError:
        return "unknown: run from sources that are not installed"
