"""Which build of PyTorch a machine gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from builds import INDEX, Build, Machine, choose, fetch_page, finds_by_itself

LINUX = Machine("Linux", "x86_64", (3, 11), None)
PLAIN = "torch==2.13.0"


def wheel(variant: str, place: str = "manylinux_2_28_x86_64", tag: str = "cp311") -> str:
    """A line of an index page."""
    return f'<a href="/whl/torch-2.13.0%2B{variant}-{tag}-{tag}-{place}.whl">torch</a>'


def index(**pages: str) -> Callable[[str], str | None]:
    """PyTorch's index with these pages, each named by its variant."""
    return lambda url: pages.get(url.split("/")[-3], "")


def unreachable(url: str) -> str | None:
    """An index that does not answer."""
    del url
    return None


def test_without_a_gpu_the_cpu_build() -> None:
    fetch = index(cpu=wheel("cpu"), cu130=wheel("cu130"))
    assert choose("2.13.0", LINUX, False, fetch) == Build(f"{PLAIN}+cpu", f"{INDEX}/cpu", "CPU build")


def test_with_a_gpu_the_newest_cuda_that_its_driver_runs() -> None:
    fetch = index(cu130=wheel("cu130"), cu128=wheel("cu128"), cu126=wheel("cu126"), cpu=wheel("cpu"))
    assert choose("2.13.0", LINUX._replace(cuda=(12, 9)), False, fetch).requirement == f"{PLAIN}+cu128"
    assert choose("2.13.0", LINUX._replace(cuda=(13, 1)), False, fetch).requirement == f"{PLAIN}+cu130"


def test_a_wheel_for_another_machine_does_not_count() -> None:
    others = wheel("cpu", "win_amd64") + wheel("cpu", "manylinux_2_28_aarch64") + wheel("cpu", tag="cp312")
    assert choose("2.13.0", LINUX, False, index(cpu=others)).extra_index is None
    windows = Machine("Windows", "amd64", (3, 12), None)
    page = index(cpu=wheel("cpu", "win_amd64", "cp312"))
    assert choose("2.13.0", windows, False, page).requirement == f"{PLAIN}+cpu"


def test_where_the_index_does_not_answer_the_default_one() -> None:
    build = choose("2.13.0", LINUX, False, unreachable)
    assert (build.requirement, build.extra_index) == (PLAIN, None)
    assert "gigabytes" in build.label


def test_macos_has_one_build() -> None:
    machine = Machine("Darwin", "arm64", (3, 12), None)
    assert choose("2.13.0", machine, False, unreachable) == Build(PLAIN, None, "macOS build")


def test_a_pip_that_finds_pytorch_itself_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    setting = f":env:.find-links='{tmp_path}'\nglobal.cert='/etc/ssl/certs'"
    assert finds_by_itself(setting, "2.13.0", (3, 11))
    assert finds_by_itself(f"global.find-links='elsewhere {tmp_path.as_uri()}'", "2.13.0", (3, 11))
    assert not finds_by_itself(setting, "2.13.0", (3, 12))
    assert not finds_by_itself(setting, "2.14.0", (3, 11))
    assert finds_by_itself("global.no-index='true'", "2.13.0", (3, 12))
    assert not finds_by_itself("", "2.13.0", (3, 11))
    assert choose("2.13.0", LINUX, True, unreachable).requirement == PLAIN


def test_a_server_that_is_not_there_answers_nothing() -> None:
    assert fetch_page("http://127.0.0.1:1/whl/cpu/torch/") is None
