"""Ids, times and the key of the device."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from engine.faults import BadField, Damaged, Refused
from sync import identity


def test_ids_have_26_plain_characters_and_follow_from_the_random_bytes() -> None:
    assert identity.new_id(lambda n: bytes(n)) == "a" * 26
    assert identity.new_id() != identity.new_id()
    assert identity.new_id().isalnum()


def test_times_are_utc_with_milliseconds() -> None:
    east = timezone(timedelta(hours=2))
    assert (
        identity.now(lambda: datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=east))
        == "2026-01-02T01:04:05.678Z"
    )
    assert identity.now(lambda: datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000Z"


def test_a_device_keeps_its_key_and_proves_what_it_signs(tmp_path: Path) -> None:
    first = identity.load_or_create(tmp_path, name="Ada")
    again = identity.load_or_create(tmp_path, name="other")
    assert (first.id, first.public, again.name) == (again.id, again.public, "Ada")
    assert identity.signed_by(first.public, again.sign(b"x"), b"x")
    assert not identity.signed_by(first.public, again.sign(b"x"), b"y")
    assert not identity.signed_by(bytes(31), again.sign(b"x"), b"x")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_the_key_is_the_owners_alone_and_is_never_shown(tmp_path: Path) -> None:
    device = identity.load_or_create(tmp_path)
    path = tmp_path / identity.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["key"] not in repr(device)
    assert sorted(one.name for one in tmp_path.iterdir()) == [identity.FILE]


def test_of_those_who_make_the_key_at_once_all_get_the_same(tmp_path: Path) -> None:
    found: list[str] = []
    start = threading.Barrier(4)

    def make() -> None:
        start.wait()
        found.append(identity.load_or_create(tmp_path).id)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 4
    assert len(set(found)) == 1


@pytest.mark.parametrize("contents", ["", "{}", "[]", '{"public": "AAAA"}', '{"public": "%"}'])
def test_a_broken_device_file_is_named(tmp_path: Path, contents: str) -> None:
    (tmp_path / identity.FILE).write_text(contents)
    with pytest.raises(Damaged, match=r"device\.json"):
        identity.load_or_create(tmp_path)


def test_without_a_keyring_the_key_lies_in_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert identity.kept(tmp_path) == "nowhere"
    device = identity.load_or_create(tmp_path, keyring=True)
    assert identity.kept(tmp_path) == "file"
    assert "keyring does not take" in caplog.text
    assert (tmp_path / identity.FILE).stat().st_mode & 0o077 == 0 or os.name == "nt"
    assert identity.load_or_create(tmp_path, keyring=True).public == device.public


def test_a_key_that_the_keyring_has_is_not_in_the_file(tmp_path: Path) -> None:
    device = identity.load_or_create(tmp_path)
    path = tmp_path / identity.FILE
    value = json.loads(path.read_text("utf-8"))
    del value["key"]
    path.write_text(json.dumps(value), "utf-8")
    assert identity.kept(tmp_path) == "keyring"
    found = identity.load_or_create(tmp_path)
    assert found.public == device.public
    with pytest.raises(Refused, match="keyring"):
        found.sign(b"")
    path.write_text("{", "utf-8")
    with pytest.raises(Damaged):
        identity.kept(tmp_path)


def test_a_log_belongs_to_its_kind_key_and_nonce() -> None:
    ids = {
        identity.log_id(kind, key, nonce)
        for kind in ("a", "b")
        for key in (b"1", b"2")
        for nonce in (b"3", b"4")
    }
    assert len(ids) == 8
    assert {len(one) for one in ids} == {32}
    assert len(identity.device_id(os.urandom(32))) == 64


def test_a_shown_device_id_is_read_back_in_any_case_and_grouping() -> None:
    device = identity.device_id(bytes(32))
    text = identity.shown(device)
    assert [len(one) for one in text.split("-")] == [4] * 8 + [2]
    for typed in (text, text.upper(), text.replace("-", " "), text.replace("-", "")):
        assert identity.read_shown(typed) == device[:32]
    assert identity.read_shown(device) == device
    assert identity.read_shown(text[:9]) == device[:8]


def test_a_mistyped_device_id_is_noticed() -> None:
    text = identity.shown(identity.device_id(bytes(32)))
    missed = 0
    for at, one in enumerate(text[:-3]):
        if one != "-":
            other = "0" if one != "0" else "1"
            try:
                identity.read_shown(text[:at] + other + text[at + 1 :])
                missed += 1
            except BadField:
                continue
    assert missed <= 2  # two letters of eighteen let one mistake in 324 pass
    for wrong in ("", "12", "no device", text + "0", text[:-1]):
        with pytest.raises(BadField):
            identity.read_shown(wrong)
