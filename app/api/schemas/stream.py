"""The lines of a streamed answer: what a command says while it works, then its answer."""

from __future__ import annotations

from typing import Any

from pydantic import RootModel

from app.api.schemas.problem import Problem
from app.api.schemas.values import Count, Seconds, Shape, always, shown


class SaidLine(Shape):
    """A sentence for the person who waits."""

    model_config = shown({"said": "checking stored pictures …"})

    said: str = always("The sentence.")


class Progress(Shape):
    """How far one piece of work is."""

    key: str = always("Tells pieces apart that run at the same time.")
    what: str = always("What is being made.")
    stage: str = always("What is being done.")
    step: Count = always("The present step.")
    steps: Count = always("How many steps there are; 0 where unknown.")
    done: Count = always("How many pieces are done.")
    total: Count = always("How many pieces there are.")
    eta_s: Seconds | None = always("What remains of everything, in seconds; null where unknown.")
    over: bool = always("Whether this piece has ended.")


class WorkingLine(Shape):
    """Progress of the work."""

    working: Progress = always("How far one piece of work is.")


class AnswerLine(Shape):
    """The last line when it went well."""

    answer: dict[str, Any] = always("What the answer without a stream would hold.")
    exit_status: int = always("The command's exit status: 0, or 1 to 5 when the answer is complete and bad.")


class ProblemLine(Shape):
    """The last line when it did not go well."""

    problem: Problem = always("What went wrong.")


class Line(RootModel[SaidLine | WorkingLine | AnswerLine | ProblemLine]):
    """One line of a streamed answer; the last one is `answer` or `problem`."""
