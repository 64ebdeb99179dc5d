from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from engine.faults import Fault
from engine.models import Installed, ModelDamaged, ModelMissing, read
from engine.recipe import ModelDigest
from tests.engine.models.written import flip_last_byte, write_model

UNET = Path("unet", "diffusion_pytorch_model.safetensors")


def age(folder: Path, entries: Path) -> None:
    """Let the record of a model be from long after the last change of its files, as it is on every later day."""
    newest = max(path.stat().st_ctime for path in (folder, *folder.rglob("*")))
    for path in entries.glob("*.json"):
        os.utime(path, (newest + 10, newest + 10))


def test_a_model_is_found_again_by_its_digest(model: Path, own_home: Path) -> None:
    facts = Installed(own_home, []).add(model)
    again = Installed(own_home, [])
    assert again.locate(facts.digest) == model
    assert again.facts() == [facts] == [read(model)]
    assert again.verify(facts.digest) == facts


def test_nothing_is_installed_at_first(own_home: Path) -> None:
    found = Installed(own_home, [])
    assert (found.facts(), found.bundled(), found.faults()) == ([], [], [])
    with pytest.raises(ModelMissing, match="no model aaaaaaaaaaaa… is on this machine"):
        found.locate(ModelDigest("a" * 64))


def test_changed_weights_are_noticed_and_both_digests_named(model: Path, own_home: Path) -> None:
    found = Installed(own_home, [])
    old = found.add(model)
    times = (model / UNET).stat()
    flip_last_byte(model / UNET)
    os.utime(model / UNET, ns=(times.st_atime_ns, times.st_mtime_ns))  # as an rsync or a careful hand would
    with pytest.raises(ModelDamaged) as caught:
        found.locate(old.digest)
    assert old.digest in caught.value.message
    assert read(model).digest in caught.value.message
    with pytest.raises(ModelDamaged):
        found.verify(old.digest)


def test_put_back_it_is_sound_again(model: Path, own_home: Path) -> None:
    found = Installed(own_home, [])
    facts = found.add(model)
    flip_last_byte(model / UNET)
    with pytest.raises(ModelDamaged):
        found.locate(facts.digest)
    flip_last_byte(model / UNET)
    assert found.locate(facts.digest) == model


def test_unchanged_files_are_not_hashed_again(model: Path, own_home: Path) -> None:
    found = Installed(own_home, [])
    digest = found.add(model).digest
    (record,) = (own_home / "models").glob("*.json")

    def hashed() -> bool:
        """Whether locating the model writes its record anew, which is what follows hashing."""
        before = record.stat()
        assert found.locate(digest) == model
        return record.stat().st_ino != before.st_ino or record.stat().st_mtime_ns != before.st_mtime_ns

    assert hashed(), "a record as old as the files proves nothing"
    age(model, own_home / "models")
    assert not hashed()
    (model / UNET).touch()
    assert hashed()
    age(model, own_home / "models")
    assert not hashed()
    (model / f"{UNET}.index.json").write_text('{"weight_map": {"a": "b"}}')
    with pytest.raises(Fault, match="twice"):
        found.locate(digest)


def test_a_file_that_went_away_is_named(model: Path, own_home: Path) -> None:
    found = Installed(own_home, [])
    digest = found.add(model).digest
    (model / UNET).unlink()
    with pytest.raises(ModelMissing, match=f"lacks {UNET.as_posix()}"):
        found.locate(digest)
    shutil.rmtree(model)
    with pytest.raises(ModelMissing, match="no model folder"):
        found.locate(digest)
    assert found.facts() == []


def test_changed_weights_added_again_are_another_model(model: Path, own_home: Path) -> None:
    found = Installed(own_home, [])
    old = found.add(model)
    flip_last_byte(model / UNET)
    new = found.add(model)
    assert new.digest != old.digest
    assert found.facts() == [new]
    assert found.locate(new.digest) == model
    with pytest.raises(ModelDamaged):
        found.locate(old.digest)


def test_a_second_folder_serves_where_the_first_is_damaged(
    model: Path, tmp_path: Path, own_home: Path
) -> None:
    found = Installed(own_home, [])
    digest = found.add(model).digest
    copy = tmp_path / "copy"
    shutil.copytree(model, copy)
    assert found.add(copy).digest == digest
    flip_last_byte(model / UNET)
    assert found.locate(digest) == copy


def test_what_is_bundled_is_there_without_being_added(tmp_path: Path, own_home: Path) -> None:
    one, two = write_model(tmp_path / "starter-v1", 1), write_model(tmp_path / "starter-v2", 2)
    found = Installed(own_home, [one, two])
    assert [facts.name for facts in found.bundled()] == ["starter-v1", "starter-v2"]
    assert {facts.source for facts in found.bundled()} == {"comes with Restrike"}
    added = found.add(write_model(tmp_path / "a-model", 3))
    assert [facts.name for facts in found.facts()] == ["starter-v1", "starter-v2", "a-model"]
    assert found.locate(found.bundled()[1].digest) == two
    assert found.locate(added.digest) == tmp_path / "a-model"


def test_a_bundled_model_that_changed_is_another(tmp_path: Path, own_home: Path) -> None:
    folder = write_model(tmp_path / "starter-v1")
    old = Installed(own_home, [folder]).bundled()[0]
    flip_last_byte(folder / UNET)
    found = Installed(own_home, [folder])
    assert [facts.digest for facts in found.facts()] == [read(folder).digest]
    with pytest.raises(ModelDamaged, match=old.digest):
        found.locate(old.digest)


def test_a_damaged_bundled_model_does_not_hide_the_others(tmp_path: Path, own_home: Path) -> None:
    folders = [write_model(tmp_path / "starter-v1", 1), write_model(tmp_path / "starter-v2", 2)]
    (folders[0] / UNET).write_bytes(b"")
    found = Installed(own_home, folders)
    assert [facts.name for facts in found.facts()] == ["starter-v2"]
    assert [fault.code for fault in found.faults()] == ["model_damaged"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"folder": "x", "facts": {}, "state": {}}'])
def test_a_broken_record_is_as_if_it_were_not_there(model: Path, own_home: Path, text: str) -> None:
    found = Installed(own_home, [])
    digest = found.add(model).digest
    for path in (own_home / "models").glob("*.json"):
        path.write_text(text)
    assert found.facts() == []
    with pytest.raises(ModelMissing):
        found.locate(digest)
    found.add(model)
    assert found.locate(digest) == model


def test_a_home_that_cannot_be_written_is_said_plainly(model: Path, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(Fault, match="cannot be written"):
        Installed(tmp_path / "home", []).add(model)
