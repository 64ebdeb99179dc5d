"""The dictionary of bundles."""

from __future__ import annotations

import hashlib

from sync.words import DICTIONARY


def test_the_dictionary_never_changes() -> None:
    assert len(DICTIONARY) < 32 * 1024
    assert (
        hashlib.sha256(DICTIONARY).hexdigest()
        == "1d7e6b3a9e3ab72989d86c7c5f5de9478f02180311effc49f55d8d524d216c64"
    )
