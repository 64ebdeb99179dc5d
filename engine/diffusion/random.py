"""While a recipe renders, torch's random functions draw from our own noise, and every generator is watched.

Functions are replaced by name on `torch` and `torch.Tensor` (a `TorchFunctionMode` would cost 11–15 % of a render).
What is not replaced here still draws from torch's generators, which are seeded by the recipe and compared afterwards:
their states must not have moved, or the noise was not all ours.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from engine.noise import FLOAT32_BITS, Noise

MANTISSA: Final = {torch.float16: 11, torch.bfloat16: 8}


@dataclass(slots=True)
class Witness:
    """Says, once the block is left, whether all noise came from our streams."""

    own: bool = False


@contextmanager
def owned(noise: Noise) -> Iterator[Witness]:
    """Within the block torch draws from `noise`; generators are seeded by it, watched, and put back afterwards."""
    witness = Witness()
    before = _states()
    _seed(noise.seed)
    untouched = _states()
    draws = Draws(noise)
    with ExitStack() as undo:
        undo.callback(_put_back, before)
        for place, name, function in draws.replacements():
            undo.callback(_restore, place, name, place.__dict__.get(name, _ABSENT))
            setattr(place, name, function)
        yield witness
        witness.own = _equal(untouched, _states())


_ABSENT: Final = object()


def _restore(place: Any, name: str, value: object) -> None:
    if value is _ABSENT:
        delattr(place, name)
    else:
        setattr(place, name, value)


class Draws:
    """Torch's random functions, with torch's signatures, over numbered draws of one `Noise`.

    A library's own `torch.Generator` gets a stream named by its seed, so that re-creating it repeats its draws.
    """

    def __init__(self, noise: Noise) -> None:
        self._noise = noise
        self._streams: dict[int, tuple[torch.Generator, Noise]] = {}

    def replacements(self) -> list[tuple[Any, str, Callable[..., Any]]]:
        """Where each function lives, its name there, and what stands in for it."""
        functions = ("randn", "rand", "randint", "randperm", "randn_like", "rand_like", "randint_like")
        named = [
            (torch, name, getattr(self, name)) for name in (*functions, "normal", "bernoulli", "multinomial")
        ]
        methods = ("normal_", "uniform_", "bernoulli_", "exponential_", "random_", "bernoulli", "multinomial")
        return named + [(torch.Tensor, name, _method(getattr(self, name))) for name in methods]

    def randn(self, *size: Any, generator: torch.Generator | None = None, **how: Any) -> Tensor:
        """Stands in for `torch.randn`."""
        return _made(self._of(generator).normal(_shape(size, how)), torch.get_default_dtype(), how)

    def rand(self, *size: Any, generator: torch.Generator | None = None, **how: Any) -> Tensor:
        """Stands in for `torch.rand`."""
        bits = _bits(how.get("dtype") or torch.get_default_dtype())
        return _made(self._of(generator).uniform(_shape(size, how), bits), torch.get_default_dtype(), how)

    def randint(self, *bounds: Any, generator: torch.Generator | None = None, **how: Any) -> Tensor:
        """Stands in for `torch.randint`, with or without a lower bound."""
        given = list(bounds)
        size = how.pop("size") if "size" in how else given.pop()
        high = how.pop("high", None)
        high = given.pop() if high is None else high
        low = how.pop("low", None)
        low = low if low is not None else (given.pop() if given else 0)
        return _made(self._of(generator).integers(int(low), int(high), _shape((size,), {})), torch.int64, how)

    def randperm(self, n: int, *, generator: torch.Generator | None = None, **how: Any) -> Tensor:
        """Stands in for `torch.randperm`."""
        return _made(self._of(generator).permutation(int(n)), torch.int64, how)

    def randn_like(self, input: Tensor, *, generator: torch.Generator | None = None, **how: Any) -> Tensor:
        """Stands in for `torch.randn_like`."""
        return _filled(torch.empty_like(input, **how), self._of(generator).normal(input.shape))

    def rand_like(self, input: Tensor, *, generator: torch.Generator | None = None, **how: Any) -> Tensor:
        """Stands in for `torch.rand_like`."""
        target = torch.empty_like(input, **how)
        return _filled(target, self._of(generator).uniform(input.shape, _bits(target.dtype)))

    def randint_like(
        self, input: Tensor, *bounds: Any, generator: torch.Generator | None = None, **how: Any
    ) -> Tensor:
        """Stands in for `torch.randint_like`."""
        low, high = (0, bounds[0]) if len(bounds) == 1 else (bounds or (how.pop("low", 0), how.pop("high")))
        return _filled(
            torch.empty_like(input, **how), self._of(generator).integers(int(low), int(high), input.shape)
        )

    def normal(
        self,
        mean: Any = 0.0,
        std: Any = 1.0,
        size: Any = None,
        *,
        generator: torch.Generator | None = None,
        **how: Any,
    ) -> Tensor:
        """Stands in for `torch.normal` with numbers or tensors as mean and deviation."""
        tensors = [one for one in (mean, std) if isinstance(one, Tensor)]
        if not tensors:
            return self.randn(size, generator=generator, **how).mul_(std).add_(mean)
        shape = np.broadcast_shapes(*(tuple(one.shape) for one in tensors))
        like = tensors[0]
        drawn = self.randn(shape, generator=generator, dtype=like.dtype, device=like.device)
        found = drawn.mul_(std).add_(mean)
        return found if (out := how.get("out")) is None else out.copy_(found)

    def bernoulli(
        self,
        input: Tensor,
        p: float | None = None,
        *,
        generator: torch.Generator | None = None,
        out: Tensor | None = None,
    ) -> Tensor:
        """Stands in for `torch.bernoulli` and the method of that name."""
        drawn = self.rand(input.shape, generator=generator, dtype=torch.float32, device=input.device)
        found = (drawn < (input if p is None else p)).to(input.dtype)
        return found if out is None else out.copy_(found)

    def multinomial(
        self,
        input: Tensor,
        num_samples: int,
        replacement: bool = False,
        *,
        generator: torch.Generator | None = None,
        out: Tensor | None = None,
    ) -> Tensor:
        """Stands in for `torch.multinomial`: the races of exponential clocks, as torch itself runs them."""
        rounds = num_samples if replacement else 1
        chosen = []
        for _ in range(rounds):
            clocks = torch.from_numpy(self._of(generator).exponential(input.shape)).to(input.device)
            chosen.append((input.float() / clocks).topk(1 if replacement else num_samples, dim=-1).indices)
        found = torch.cat(chosen, dim=-1)
        return found if out is None else out.copy_(found)

    def normal_(
        self, target: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Stands in for `Tensor.normal_`."""
        return _filled(target, self._of(generator).normal(target.shape)).mul_(std).add_(mean)

    def uniform_(
        self, target: Tensor, *bounds: float, generator: torch.Generator | None = None, **named: float
    ) -> Tensor:
        """Stands in for `Tensor.uniform_`, whose bounds are called `from` and `to`."""
        low = bounds[0] if bounds else named.get("from", 0.0)
        high = bounds[1] if len(bounds) > 1 else named.get("to", 1.0)
        drawn = self._of(generator).uniform(target.shape, _bits(target.dtype))
        return _filled(target, drawn).mul_(high - low).add_(low)

    def bernoulli_(self, target: Tensor, p: Any = 0.5, *, generator: torch.Generator | None = None) -> Tensor:
        """Stands in for `Tensor.bernoulli_`."""
        drawn = self.rand(target.shape, generator=generator, dtype=torch.float32, device=target.device)
        with torch.no_grad():
            return target.copy_(drawn < p)

    def exponential_(
        self, target: Tensor, lambd: float = 1.0, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Stands in for `Tensor.exponential_`."""
        return _filled(target, self._of(generator).exponential(target.shape)).div_(lambd)

    def random_(
        self, target: Tensor, *bounds: Any, generator: torch.Generator | None = None, **named: Any
    ) -> Tensor:
        """Stands in for `Tensor.random_`: whole numbers within the bounds, or all that the type holds exactly."""
        low = bounds[0] if len(bounds) > 1 else named.get("from", 0)
        high = bounds[-1] if bounds else named.get("to")
        if high is None:
            high = _largest(target.dtype) + 1
        return _filled(target, self._of(generator).integers(int(low), int(high), target.shape))

    def _of(self, generator: torch.Generator | None) -> Noise:
        if generator is None:
            return self._noise
        found = self._streams.get(id(generator))
        if found is None:
            # The generator is kept alongside so that its id cannot be given to another one.
            found = (generator, self._noise.stream(f"generator/{generator.initial_seed()}"))
            self._streams[id(generator)] = found
        return found[1]


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    # A bound method would not receive the tensor; a plain function set on a class does.
    def drawn(tensor: Tensor, *given: Any, **named: Any) -> Any:
        return function(tensor, *given, **named)

    return drawn


def _shape(size: Any, how: dict[str, Any]) -> tuple[int, ...]:
    if not size:
        size = how.pop("size")
    elif len(size) == 1 and not isinstance(size[0], int):
        size = size[0]
    return tuple(int(one) for one in (size if isinstance(size, Sequence) else (size,)))


def _made(drawn: np.ndarray[Any, Any], default: torch.dtype, how: dict[str, Any]) -> Tensor:
    if (out := how.get("out")) is not None:
        return _filled(out, drawn)
    # Copied into memory of torch's own, because numpy aligns its arrays differently from run to run.
    tensor = torch.empty(drawn.shape, dtype=how.get("dtype") or default, device=how.get("device"))
    return _filled(tensor, drawn).requires_grad_(bool(how.get("requires_grad")))


def _filled(target: Tensor, drawn: np.ndarray[Any, Any]) -> Tensor:
    with torch.no_grad():
        return target.copy_(torch.from_numpy(drawn))


def _bits(dtype: torch.dtype) -> int:
    return MANTISSA.get(dtype, FLOAT32_BITS)


def _largest(dtype: torch.dtype) -> int:
    if dtype.is_floating_point:
        return int(2 ** MANTISSA.get(dtype, 53 if dtype == torch.float64 else FLOAT32_BITS))
    return 1 if dtype == torch.bool else min(torch.iinfo(dtype).max, 2**63 - 2)


def _seed(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def _states() -> dict[str, Any]:
    found: dict[str, Any] = {
        "cpu": torch.get_rng_state(),
        "numpy": np.random.get_state(),
        "python": random.getstate(),
    }
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        found |= {f"cuda:{n}": state for n, state in enumerate(torch.cuda.get_rng_state_all())}
    if torch.backends.mps.is_available():
        found["mps"] = torch.mps.get_rng_state()
    return found


def _put_back(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["cpu"])
    np.random.set_state(states["numpy"])
    random.setstate(states["python"])
    for name, state in states.items():
        if name.startswith("cuda:"):
            torch.cuda.set_rng_state(state, name)
    if "mps" in states:
        torch.mps.set_rng_state(states["mps"])


def _equal(before: dict[str, Any], after: dict[str, Any]) -> bool:
    if before.keys() != after.keys():
        return False
    for name, state in before.items():
        if isinstance(state, Tensor):
            if not torch.equal(state, after[name]):
                return False
        elif name == "numpy":
            if not all(np.array_equal(a, b) for a, b in zip(state, after[name], strict=True)):
                return False
        elif state != after[name]:
            return False
    return True
