"""The names of blobs, and the sentences when one is missing or damaged."""

from __future__ import annotations

import hashlib

import pytest

from sync.blobs.store import damaged, digest_of, missing, well_formed


def test_a_name_is_the_sha256() -> None:
    assert digest_of(b"picture") == hashlib.sha256(b"picture").hexdigest()


@pytest.mark.parametrize(
    "name", ["", "ab", "..", "/etc/passwd", "G" * 64, "A" * 64, "0" * 65, "0" * 64 + "\n", "٠" * 64]
)
def test_what_is_no_name(name: str) -> None:
    assert not well_formed(name)


def test_a_digest_is_a_name() -> None:
    assert well_formed(digest_of(b""))


def test_faults_say_what_to_do() -> None:
    digest = digest_of(b"picture")
    assert "storage fetch" in missing(digest).hint
    assert "quarantine" in damaged(digest, "quarantine").message
    assert missing(digest).exit_status == 3
