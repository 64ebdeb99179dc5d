"""Schemathesis over the whole API of a program that serves: every operation, every check, a bounded number of examples.

Left out are the commands that the command line always runs itself and that would make films on this machine or wait for
ever: they are done by `restrike` in the caller's own process.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

LEFT_OUT: Final = ("demo", "init", "join", "worker")
WHAT_IS_SAID: Final = ["2xx", "3xx", "401", "403", "404", "409", "416", "422", "429", "5xx"]
"""What data that fit the schema may be answered with: what no schema can say, such as queries, is said with 422."""


SHOWN: Final = ("idempotency-key", "if-none-match", "range", "if-range", "content-type", "accept")


@dataclass(slots=True)
class Fuzzed:
    """What was tried and what was found."""

    cases: int = 0
    operations: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


def fuzz(
    url: str,
    token: str,
    project: str,
    known: Mapping[str, Sequence[str]],
    *,
    examples: int,
    coverage: bool,
    seed: int = 1,
) -> Fuzzed:
    """Try every operation of the API at `url` with so many examples of right and as many of wrong data.

    `known` are things of the film that parameters in the path name most of the time, and bodies now and then.
    `coverage` also tries every limit of every schema, which takes minutes.
    """
    config = _config(token, project, known, examples, coverage, seed)
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)
    found = Fuzzed()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            found.operations.add(str(event.label))
            found.seconds[str(event.label)] += event.elapsed_time
            found.cases += len(event.recorder.cases)
            _note(found, event.recorder)
        elif isinstance(event, events.NonFatalError):
            found.failures.append(f"{event.label}: {event.info.title}: {event.info.message}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return found


def _config(
    token: str,
    project: str,
    known: Mapping[str, Sequence[str]],
    examples: int,
    coverage: bool,
    seed: int,
) -> SchemathesisConfig:
    everything = sorted({one for several in known.values() for one in several})
    named = {f"path.{name}": {"dictionary": name, "probability": 0.8} for name in known}
    settings: dict[str, Any] = {
        "seed": seed,
        "headers": {"Authorization": f"Bearer {token}"},
        "request-timeout": 30,
        "continue-on-failure": True,
        "dictionaries": {
            "everything": {"values": everything},
            **{name: {"values": list(several)} for name, several in known.items()},
        },
        "generation": {
            "max-examples": examples,
            "deterministic": True,
            "no-shrink": True,
            "database": "none",
            "dictionaries": {"string": {"dictionary": "everything", "probability": 0.3}},
        },
        "checks": {"positive_data_acceptance": {"expected-statuses": WHAT_IS_SAID}},
        "phases": {"stateful": {"enabled": False}, "coverage": {"enabled": coverage}},
        "parameters": {"path.project": project, **named},
        "operations": [{"include-operation-id": list(LEFT_OUT), "enabled": False}],
    }
    return SchemathesisConfig.from_dict(settings)


def _note(found: Fuzzed, recorder: Any) -> None:
    for interaction in recorder.interactions.values():
        if interaction.response is not None:
            found.statuses[interaction.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            if check.name == "unsupported_method" and _is_mismatch(recorder.interactions.get(case_id)):
                continue
            failure = check.failure_info.failure
            found.failures.append("\n".join(_told(recorder, case_id, check.name, failure)))


def _is_mismatch(interaction: Any) -> bool:
    """Whether the key of the request had been used for another: that is said before anybody looks at the method."""
    answer = None if interaction is None else interaction.response
    return answer is not None and b'"code":"idempotency_mismatch"' in answer.content


def _told(recorder: Any, case_id: str, name: str, failure: Any) -> Iterator[str]:
    yield f"{recorder.label}: {name}: {failure.title}: {failure.message[:300]}"
    interaction = recorder.interactions.get(case_id)
    if interaction is not None:
        request = interaction.request
        yield f"  {request.method} {request.uri}"
        keys = {name: one for name, one in request.headers.items() if name.lower() in SHOWN}
        yield f"  {keys} {(request.body or b'')[:600]!r}"
        if interaction.response is not None:
            yield f"  {interaction.response.status_code} {interaction.response.content[:600]!r}"
