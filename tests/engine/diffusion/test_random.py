"""Torch's random functions draw from our noise, every generator is watched, and all is put back."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch

from engine.child import SOURCES
from engine.diffusion.random import owned
from engine.noise import Noise

DRAWS: dict[str, Callable[[], torch.Tensor]] = {
    "randn": lambda: torch.randn(2, 3),
    "randn of a shape": lambda: torch.randn((2, 3), dtype=torch.float16),
    "randn into": lambda: torch.randn(2, 3, out=torch.empty(2, 3)),
    "rand": lambda: torch.rand((2, 3)),
    "randint": lambda: torch.randint(10, (2, 3)),
    "randint from": lambda: torch.randint(5, 10, size=(2, 3)),
    "randint named": lambda: torch.randint(high=10, size=(2, 3)),
    "randperm": lambda: torch.randperm(6),
    "randn_like": lambda: torch.randn_like(torch.empty(2, 3)),
    "rand_like": lambda: torch.rand_like(torch.empty(2, 3, dtype=torch.bfloat16)),
    "randint_like": lambda: torch.randint_like(torch.empty(2, 3), 10),
    "randint_like from": lambda: torch.randint_like(torch.empty(2, 3), 5, 10),
    "normal": lambda: torch.normal(1.0, 2.0, (2, 3)),
    "normal of tensors": lambda: torch.normal(torch.ones(2, 1), torch.ones(3)),
    "bernoulli": lambda: torch.bernoulli(torch.full((2, 3), 0.5)),
    "multinomial": lambda: torch.multinomial(torch.ones(2, 5), 3),
    "multinomial with replacement": lambda: torch.multinomial(torch.ones(2, 5), 9, replacement=True),
    "normal_": lambda: torch.empty(2, 3).normal_(1.0, 2.0),
    "uniform_": lambda: torch.empty(2, 3).uniform_(-1, 1),
    "bernoulli_": lambda: torch.empty(2, 3).bernoulli_(0.5),
    "exponential_": lambda: torch.empty(2, 3).exponential_(2.0),
    "random_": lambda: torch.empty(2, 3).random_(5, 10),
    "random_ of a type": lambda: torch.empty(2, 3, dtype=torch.int32).random_(),
    "Tensor.bernoulli": lambda: torch.full((2, 3), 0.5).bernoulli(),
    "Tensor.multinomial": lambda: torch.ones(5).multinomial(3),
    "a library's generator": lambda: torch.randn(2, 3, generator=torch.Generator().manual_seed(7)),
    "a distribution": lambda: torch.distributions.Normal(0.0, 1.0).sample((2, 3)),  # type: ignore[no-untyped-call]
    "an initialisation": lambda: torch.nn.Linear(2, 3).weight.detach(),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_is_ours_repeats_and_has_torchs_form(name: str) -> None:
    draw = DRAWS[name]
    plain = draw()
    found = []
    for seed in (5, 5):
        with owned(Noise(seed)) as witness:
            found.append(draw())
        assert witness.own
    assert torch.equal(found[0], found[1])
    assert (found[0].shape, found[0].dtype) == (plain.shape, plain.dtype)


def test_normals_are_those_of_the_numbered_draws() -> None:
    with owned(Noise(4211)):
        first, second = torch.randn(8), torch.randn_like(torch.empty(8))
    noise = Noise(4211)
    assert np.array_equal(first.numpy(), noise.normal((8,)))
    assert np.array_equal(second.numpy(), noise.normal((8,)))


def test_shapes_of_any_spelling_are_one_draw() -> None:
    found = []
    for given, named in (((2, 3), {}), (([2, 3],), {}), ((), {"size": (2, 3)})):
        with owned(Noise(1)):
            found.append(torch.randn(*given, **named))  # type: ignore[call-overload]
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
    with owned(Noise(1)):
        assert torch.randn(()).shape == ()


def test_bounds_are_kept() -> None:
    with owned(Noise(3)):
        assert 5 <= int(torch.randint(5, 8, (500,)).min()) <= int(torch.randint(5, 8, (500,)).max()) <= 7
        assert float(torch.rand(10_000, dtype=torch.bfloat16).max()) < 1.0
        assert sorted(torch.multinomial(torch.ones(9), 9).tolist()) == list(range(9))
        assert set(torch.multinomial(torch.tensor([0.0, 1.0, 0.0]), 5, replacement=True).tolist()) == {1}
        assert float(torch.empty(1000).uniform_(2, 3).min()) >= 2.0


def test_a_generator_made_again_with_its_seed_repeats_its_draws() -> None:
    with owned(Noise(3)):
        first, again, other = (torch.randn(4, generator=torch.Generator().manual_seed(n)) for n in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.empty(3).cauchy_(),
        lambda: torch.nn.functional.dropout(torch.ones(9), 0.5, training=True),
        lambda: np.random.rand(),
        lambda: random.random(),
        lambda: torch.manual_seed(3),
    ],
)
def test_noise_from_elsewhere_is_noticed_and_repeats_all_the_same(draw: Callable[[], object]) -> None:
    found = []
    for _ in range(2):
        with owned(Noise(9)) as witness:
            found.append(draw())
        assert not witness.own
    assert str(found[0]).partition(" at ")[0] == str(found[1]).partition(" at ")[0]


def test_everything_is_put_back_even_after_a_fault() -> None:
    names = ("randn", "rand", "randint", "randperm", "randn_like", "normal", "bernoulli", "multinomial")
    functions = [getattr(torch, name) for name in names]
    methods = [torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.multinomial]
    states = torch.get_rng_state(), random.getstate()

    def fail() -> None:
        with owned(Noise(2)):
            torch.empty(3).cauchy_()
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert [getattr(torch, name) for name in names] == functions
    assert [torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.multinomial] == methods
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()


@pytest.mark.slow
def test_draws_are_the_same_on_every_instruction_set() -> None:
    script = (
        "import hashlib, torch\n"
        "from engine.noise import Noise\n"
        "from engine.diffusion.random import owned\n"
        "with owned(Noise(11)):\n"
        "    drawn = [torch.randn(1, 4, 24, 24), torch.randn(1, 4, 24, 24, dtype=torch.float16), torch.rand(999)]\n"
        "    drawn.append(torch.empty(999).exponential_())\n"
        "print(torch.backends.cpu.get_cpu_capability())\n"
        "print(hashlib.sha256(b''.join(one.numpy().tobytes() for one in drawn)).hexdigest())\n"
    )
    found = {}
    for capability, threads in (("default", "1"), ("avx2", "2")):
        environment = {
            **os.environ,
            "PYTHONPATH": str(SOURCES),
            "ATEN_CPU_CAPABILITY": capability,
            "OMP_NUM_THREADS": threads,
        }
        if capability == "default":
            environment["NPY_DISABLE_CPU_FEATURES"] = "AVX2 FMA3"
        told = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, check=True
        )
        name, digest = told.stdout.decode().split()
        found[name] = digest
    assert len(set(found.values())) == 1
    with owned(Noise(11)):
        here = [torch.randn(1, 4, 24, 24), torch.randn(1, 4, 24, 24, dtype=torch.float16), torch.rand(999)]
        here.append(torch.empty(999).exponential_())
    assert hashlib.sha256(b"".join(one.numpy().tobytes() for one in here)).hexdigest() in found.values()
