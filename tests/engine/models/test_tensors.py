from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from engine.models import ModelDamaged
from engine.models.tensors import BLOCK, digest, dtypes, scan
from tests.engine.models.written import tensors


def written(path: Path, header: object, body: bytes) -> Path:
    """A safetensors file with any header."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + body)
    return path


def entry(begin: int, end: int, dtype: str = "U8", shape: list[int] | None = None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape, "data_offsets": [begin, end]}


def test_every_tensor_is_hashed(tmp_path: Path) -> None:
    values = tensors(1)
    save_file(values, tmp_path / "a.safetensors")
    found = scan(tmp_path / "a.safetensors").tensors
    assert {name: one.sha256 for name, one in found.items()} == {
        name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in values.items()
    }
    assert found["conv.weight"].shape == (3, 4)
    assert dtypes(tmp_path / "a.safetensors") == dict.fromkeys(values, "F32")


def test_the_file_is_hashed_beside_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file(tensors(1), path)
    assert scan(path).sha256 is None
    assert scan(path, whole=True).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert scan(path, whole=True).tensors == scan(path).tensors


def test_tensors_larger_than_a_block_and_across_blocks(tmp_path: Path) -> None:
    values = {
        name: np.arange(size, dtype=np.uint8) for name, size in (("a", BLOCK - 3), ("b", 7), ("c", BLOCK + 1))
    }
    save_file(values, tmp_path / "a.safetensors")
    found = scan(tmp_path / "a.safetensors", whole=True).tensors
    assert all(
        one.sha256 == hashlib.sha256(values[name].tobytes()).hexdigest() for name, one in found.items()
    )


def test_the_digest_is_what_the_format_says(tmp_path: Path) -> None:
    path = written(tmp_path / "a.safetensors", {"b": entry(1, 3), "a": entry(0, 1, "U8", [1, 1])}, b"xyz")
    lines = [
        ["a", "U8", [1, 1], hashlib.sha256(b"x").hexdigest()],
        ["b", "U8", [2], hashlib.sha256(b"yz").hexdigest()],
    ]
    expected = hashlib.sha256("".join(json.dumps(line) + "\n" for line in lines).encode()).hexdigest()
    assert digest(scan(path).tensors) == expected


@given(
    st.permutations(["a", "b", "c", "d"]),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)
def test_neither_order_nor_metadata_count(
    tmp_path_factory: pytest.TempPathFactory, order: list[str], metadata: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("order")
    bodies = {"a": b"1", "b": b"", "c": b"333", "d": b"4444"}
    header: dict[str, Any] = {"__metadata__": metadata}
    at = 0
    for name in order:
        header[name] = entry(at, at + len(bodies[name]))
        at += len(bodies[name])
    path = written(folder / "x.safetensors", header, b"".join(bodies[name] for name in order))
    expected = {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()}
    assert {name: one.sha256 for name, one in scan(path).tensors.items()} == expected


@pytest.mark.parametrize("keep", [0, 3, 8, 20, -1])
def test_a_truncated_file_is_damaged(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.safetensors"
    save_file(tensors(1), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelDamaged, match=r"a\.safetensors is (cut short|no whole)"):
        scan(path)


@pytest.mark.parametrize(
    "header",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"a":1}',
        b'{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
        b"[" * 100_000,
        {"a": {"dtype": "U8", "shape": [4]}},
        {"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, "4"]}},
        {"a": {"dtype": "U8", "shape": [4], "data_offsets": [4, 0]}},
        {"a": {"dtype": "U8", "shape": [-4], "data_offsets": [0, 4]}},
        {"a": {"dtype": ["U8"], "shape": [4], "data_offsets": [0, 4]}},
        {"a": entry(0, 4, "F32", [2])},
        {"a": entry(0, 3), "b": entry(2, 4)},
        {"a": entry(0, 1), "b": entry(3, 4)},
        {"a": entry(0, 3)},
        {"a": entry(0, 4_000_000_000)},
    ],
)
def test_a_header_that_contradicts_the_file_is_damaged(tmp_path: Path, header: object) -> None:
    with pytest.raises(ModelDamaged, match=r"a\.safetensors"):
        scan(written(tmp_path / "a.safetensors", header, b"1234"))


def test_many_empty_tensors_are_no_trouble(tmp_path: Path) -> None:
    header = {f"t{place}": entry(0, 0) for place in range(5000)}
    assert len(scan(written(tmp_path / "a.safetensors", header, b"")).tensors) == 5000


def test_half_bytes_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.safetensors", {"a": entry(0, 3, "F4", [6])}, b"123")
    assert scan(path).tensors["a"].dtype == "F4"
