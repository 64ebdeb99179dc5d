"""Models by name, digest, or the beginning of one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.catalogue import Shelf
from app.studio import Studio
from engine.faults import BadField
from tests.app.commandline import Film
from tests.app.test_versions import with_studio


def test_models_by_name_digest_and_beginning(film: Film) -> None:
    def work(studio: Studio) -> None:
        shelf = Shelf.of(studio)
        one = shelf.known[0]
        assert shelf.find(one.name.upper()) == one
        assert shelf.find(one.digest) == one
        assert shelf.find(one.digest[:8]) == one
        twin = replace(one, digest="0" * 64)  # type: ignore[arg-type]
        assert Shelf((one, twin), ()).find(one.name) == twin, "the one added last"
        for wrong in ("", one.digest[:4], "nobody"):
            with pytest.raises(BadField, match=one.name):
                shelf.find(wrong)

    with_studio(film, work)
