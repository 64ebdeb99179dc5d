"""Pictures between real programs: small ones come by themselves, large ones over TLS; a giver dies, one is removed."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sync import interfaces
from sync.blobs.partial import PREFIX
from tests.journeys.artists import Artist, again, begun, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not any(interfaces.reachable(one) for one in interfaces.addresses()), reason="needs a network"
    ),
]
FETCHED = "the file itself, from"


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders and homes of three people: a rendered lamp, and an imported picture that only its owner has."""
    folder = tmp_path_factory.mktemp("joined")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        anna, *_ = begun(folder, [None, None, None])
        noise = np.random.default_rng(4211).integers(0, 256, (3000, 4000, 3), np.uint8)
        Image.fromarray(noise).save(folder / "sky.png", compress_level=0)
        anna("asset", "add", "environment", "SKY", "--from-image", str(folder / "sky.png"))
        with anna.serve():
            anna("render", "LAMP", "--tier", "low", "--wait")
    return folder


@pytest.fixture
def people(joined: Path, tmp_path: Path) -> list[Artist]:
    """The same three, each test's own."""
    return again(joined, tmp_path, [None, None, None])


def linked(one: Artist, count: int) -> bool:
    return len(one.links()) == count


def blob(one: Artist, digest: str) -> Path:
    """Where a device keeps these bytes."""
    return one.folder / ".restrike" / "blobs" / digest[:2] / digest


def digest(one: Artist, name: str) -> str:
    return str(one("take", "list", name)["takes"][0]["sha256"])


def known(one: Artist, name: str) -> bool:
    return bool(one("take", "list")["takes"]) and name in one.names()


def unfinished(one: Artist) -> list[Path]:
    """What is on its way to a device, with bytes in it."""
    files = (one.folder / ".restrike" / "blobs" / "tmp").glob(f"{PREFIX}*")
    return [file for file in files if file.stat().st_size]


def test_a_picture_is_there_without_rendering(people: list[Artist]) -> None:
    anna, ben, _ = people
    with anna.serve(), ben.serve():
        lamp, sky = digest(anna, "LAMP"), digest(anna, "SKY")
        until(lambda: blob(ben, lamp).is_file())  # it is as small as a thumbnail
        assert not blob(ben, sky).exists()
        [back] = ben("storage", "fetch", "SKY")["takes"]
        assert back["how"] == f"{FETCHED} owner"
        assert Path(back["file"]).read_bytes() == blob(anna, sky).read_bytes()
        ben("storage", "drop", "LAMP", "--prove")
        anna("asset", "add", "prop", "VASE", "seed=2", "prompt=a vase")
        anna("render", "VASE", "--wait")
        until(lambda: known(ben, "VASE") and blob(ben, digest(ben, "VASE")).is_file())
        assert not blob(ben, lamp).exists()
        [back] = ben("storage", "fetch", "LAMP")["takes"]
        assert back["how"] == f"{FETCHED} owner"


def test_a_giver_is_killed_and_the_rest_comes_from_another(people: list[Artist]) -> None:
    anna, ben, cleo = people
    with anna.serve(), cleo.serve():
        until(lambda: linked(cleo, 1) and known(cleo, "SKY"))
        sky = digest(anna, "SKY")
        cleo("storage", "fetch", "SKY")
    with ExitStack() as stack:
        giver = stack.enter_context(anna.serve())
        stack.enter_context(ben.serve())
        until(lambda: linked(ben, 1) and known(ben, "SKY"))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        fetching = pool.submit(lambda: ben("storage", "fetch", "SKY", status=5))
        until(lambda: unfinished(ben))
        giver.send_signal(signal.SIGSTOP)
        giver.kill()
        giver.wait()
        fetching.result()  # nobody else is here, and no recipe brings it back
        [begun_file] = unfinished(ben)
        place, size = begun_file.stat().st_ino, begun_file.stat().st_size
        assert 0 < size < blob(cleo, sky).stat().st_size
        stack.enter_context(cleo.serve())
        until(lambda: linked(ben, 1))
        [back] = ben("storage", "fetch", "SKY")["takes"]
        assert back["how"] == f"{FETCHED} Cleo"
        assert blob(ben, sky).stat().st_ino == place, "it went on in the same file"
        assert blob(ben, sky).read_bytes() == blob(cleo, sky).read_bytes()


def test_a_removed_device_gets_nothing_more(people: list[Artist]) -> None:
    anna, ben, _ = people
    with anna.serve(), ben.serve():
        until(lambda: linked(ben, 1) and known(ben, "SKY"))
        sky = digest(anna, "SKY")
        anna("revoke", "Ben")
        ben("storage", "fetch", "SKY", status=5)
        assert not blob(ben, sky).exists()
        assert not unfinished(ben)
