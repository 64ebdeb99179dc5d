"""Every command of the program, once: the command line and the API are made from this table, as the palette will be.

To add a command: put an `Entry` into `COMMANDS` (words, module, one-line summary, route) and write, in that module, an
`async def` whose name is the words joined by `_`, under `@command("the words", examples=[…])`:

    @command("take list", examples=["restrike take list MARA --json"])
    async def take_list(studio: Studio, report: Report, *,
                        name: Annotated[str | None, Arg("Only the takes of this asset.", complete="asset")] = None,
                        missing: Annotated[bool, Opt("--missing", help="Only those not here.")] = False,
                        ) -> dict[str, Any]:
        '''One sentence, then what a person should know before using it; this is the command's help text.'''

Three parameters are given by name: `studio: Studio` (the project, open), `place: Place` (where the command was
called, nothing open; for commands that need no project) and `report: Report` (tell the person something meanwhile).
All others carry an `Arg` or an `Opt`; no default means required. Types: `str`, `int`, `float`, `bool`, `Path`, a
`StrEnum`, a `Literal` of strings, each also `| None`, and `list[…]` for several. An argument with `opens=True` is a
project folder that is opened instead of `--project`; the value of one with `signed=True` may begin with a minus. A
`Path` with `reads` is a file that comes from the caller, one with `writes` a file made for the caller, each with its
media type: over the API their contents travel, never their paths. A `Path` in the answer is for the command line alone.
Failures are Faults. The returned mapping is what `--json` prints (contract section 6, made by `app.shapes`); the key
`message` may hold a sentence for people. `Outcome` carries an exit status other than 0. Modules are imported when
their command is called or asked for help, never for the list. How people read the values is said in `app.cli.show`,
by the command's words, so no command prints.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its words, the module that holds its function, what it does in one line, and its route.

    The route is a method and a path below `/api/v1`; `{project}` is the project's id, any other name in braces one of
    the function's parameters. `success` is the status of its answer. The command line runs a `local` one itself even
    when another process has the project open. What is done `apart` takes long, and gets a thread of its own there.
    """

    words: str
    module: str
    summary: str
    route: str
    success: int = 200
    local: bool = False
    apart: bool = False

    @property
    def method(self) -> str:
        """The route's method: GET, POST, PATCH, DELETE, or WS."""
        return self.route.partition(" ")[0]

    @property
    def path(self) -> str:
        """The route's path, below `/api/v1`."""
        return self.route.partition(" ")[2]

    @property
    def function_name(self) -> str:
        """The name of the function in the module: the words joined by underscores."""
        return self.words.replace(" ", "_").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Arg:
    """An argument by position. `complete` names what the shell offers: asset, take, job, model, scene, template."""

    help: str
    complete: str | None = None
    shown: str | None = None
    opens: bool = False
    signed: bool = False
    reads: str | None = None
    writes: str | None = None


@dataclass(frozen=True, slots=True, init=False)
class Opt:
    """An option with its flags (`"--note"`, `"-m"`); of a `bool` only the positive flag exists."""

    flags: tuple[str, ...]
    help: str
    complete: str | None
    shown: str | None
    reads: str | None
    writes: str | None

    def __init__(
        self,
        *flags: str,
        help: str,
        complete: str | None = None,
        shown: str | None = None,
        reads: str | None = None,
        writes: str | None = None,
    ) -> None:
        given = {"complete": complete, "shown": shown, "reads": reads, "writes": writes}
        for name, value in {"flags": flags, "help": help, **given}.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence for the person who waits; on the command line it goes to stderr."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Working:
    """How far one piece of work is: `what` at `step` of `steps`, as number `done + 1` of `total` pieces.

    `key` tells pieces apart that run at the same time; `over` is said once, when the piece has ended. `eta_s` is what
    remains of everything, in seconds, where it is known.
    """

    key: str
    what: str
    stage: str
    step: int
    steps: int
    done: int = 0
    total: int = 1
    eta_s: float | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the answer, on stdout at once: for commands that go on answering, as `events` does."""

    text: str


News = Said | Working | Line
"""What a command tells while it goes on."""
Report = Callable[[News], None]
"""Tell the person something while the command goes on; never blocks."""


class Outcome(dict[str, Any]):
    """What a command returns when its answer is complete and its exit status is not 0."""

    def __init__(self, value: Mapping[str, Any], exit_status: int) -> None:
        super().__init__(value)
        self.exit_status = exit_status


Function = Callable[..., Awaitable[Mapping[str, Any]]]
F = TypeVar("F", bound=Function)


@dataclass(frozen=True, slots=True)
class Command:
    """A command with its function and examples, once its module is imported."""

    entry: Entry
    function: Function
    examples: tuple[str, ...]

    def wants(self, given: str) -> bool:
        """Whether the function asks for one of what is given by name: `studio`, `place`, `report`."""
        return given in inspect.signature(self.function).parameters

    async def call(self, values: Mapping[str, Any], **given: Any) -> Mapping[str, Any]:
        """The command's answer; of what is given by name it gets what it asks for."""
        return await self.function(**values, **{name: one for name, one in given.items() if self.wants(name)})


GIVEN: Final = ("studio", "place", "report")
"""The parameters that a command gets by name instead of from its caller."""


def parameters(command: Command) -> dict[str, tuple[Any, Arg | Opt, Any]]:
    """What a command takes from its caller: each parameter's type, its `Arg` or `Opt`, and its default.

    The default of a required one is `inspect.Parameter.empty`.
    """
    found: dict[str, tuple[Any, Arg | Opt, Any]] = {}
    for name, parameter in inspect.signature(command.function).parameters.items():
        if name in GIVEN:
            continue
        annotation = parameter.annotation
        if isinstance(annotation, str):
            annotation = eval(annotation, command.function.__globals__)
        [about] = [one for one in annotation.__metadata__ if isinstance(one, (Arg, Opt))]
        found[name] = (annotation.__origin__, about, parameter.default)
    return found


_PROJECTS: Final = "app.commands.projects"
_ASSETS: Final = "app.commands.assets"
_HISTORY: Final = "app.commands.histories"
_TEMPLATES: Final = "app.commands.templates"
_MODELS: Final = "app.commands.models"
_TROUBLE: Final = "app.commands.trouble"
_JOBS: Final = "app.commands.jobs"
_TAKES: Final = "app.commands.takes"
_STORAGE: Final = "app.commands.storage"
_DEMO: Final = "app.commands.demo"
_SERVING: Final = "app.commands.serving"
_WATCHING: Final = "app.commands.watching"

COMMANDS: Final[tuple[Entry, ...]] = (
    Entry(
        "demo",
        _DEMO,
        "Make a small sample film and render it for real, here and now.",
        "POST /demo",
        local=True,
    ),
    Entry("init", _PROJECTS, "Start a new project in a folder.", "POST /projects", success=201, local=True),
    Entry(
        "status",
        _PROJECTS,
        "Show what is in the project and what is going on.",
        "GET /projects/{project}/status",
    ),
    Entry(
        "asset add",
        _ASSETS,
        "Make a new asset with its first version.",
        "POST /projects/{project}/assets",
        success=201,
    ),
    Entry(
        "asset set",
        _ASSETS,
        "Save a new version of an asset with other parameters or inputs.",
        "PATCH /projects/{project}/assets/{name}",
    ),
    Entry(
        "asset list",
        _ASSETS,
        "List assets, all or selected by kind, scene or a query.",
        "GET /projects/{project}/assets",
    ),
    Entry(
        "asset show",
        _ASSETS,
        "Show an asset: its recipe, inputs and takes.",
        "GET /projects/{project}/assets/{name}",
    ),
    Entry(
        "asset rename",
        _ASSETS,
        "Give an asset another name.",
        "POST /projects/{project}/assets/{name}/rename",
    ),
    Entry(
        "asset remove",
        _ASSETS,
        "Take an asset out of the project; it is kept and can come back.",
        "DELETE /projects/{project}/assets/{name}",
    ),
    Entry(
        "asset history",
        _HISTORY,
        "List the versions of an asset.",
        "GET /projects/{project}/assets/{name}/history",
    ),
    Entry(
        "asset diff",
        _HISTORY,
        "Show what changed between two versions.",
        "GET /projects/{project}/assets/{name}/diff",
    ),
    Entry(
        "asset restore",
        _HISTORY,
        "Go back: save a new version with an earlier one's parameters.",
        "POST /projects/{project}/assets/{name}/restore",
    ),
    Entry(
        "asset forks",
        _HISTORY,
        "List assets that were edited apart and have two newest versions.",
        "GET /projects/{project}/forks",
    ),
    Entry(
        "asset resolve",
        _HISTORY,
        "Settle a fork with a version that has both tips as parents.",
        "POST /projects/{project}/assets/{name}/resolve",
    ),
    Entry(
        "template save",
        _TEMPLATES,
        "Write assets with their parameters to a file for another project.",
        "GET /projects/{project}/assets/{name}/template",
    ),
    Entry(
        "template apply",
        _TEMPLATES,
        "Make or update assets from a template file.",
        "POST /projects/{project}/templates",
    ),
    Entry(
        "render",
        _JOBS,
        "Ask for pictures: jobs for the queue, dependencies first.",
        "POST /projects/{project}/render",
        success=202,
    ),
    Entry(
        "jobs", _JOBS, "List what is waiting, being rendered, or went wrong.", "GET /projects/{project}/jobs"
    ),
    Entry(
        "jobs pause",
        _JOBS,
        "Let workers start nothing new in this project.",
        "POST /projects/{project}/jobs/pause",
    ),
    Entry("jobs resume", _JOBS, "Let workers start jobs again.", "POST /projects/{project}/jobs/resume"),
    Entry("job show", _JOBS, "Show one job with its attempts.", "GET /projects/{project}/jobs/{job}"),
    Entry(
        "job why",
        _JOBS,
        "Say why a job is not being rendered, and what would help.",
        "GET /projects/{project}/jobs/{job}/why",
    ),
    Entry("job cancel", _JOBS, "Call a job off.", "DELETE /projects/{project}/jobs/{job}"),
    Entry(
        "job retry",
        _JOBS,
        "Ask again for a job that failed or was cancelled.",
        "POST /projects/{project}/jobs/{job}/retry",
    ),
    Entry(
        "job claim",
        _JOBS,
        "Reserve a job for a worker of your own.",
        "POST /projects/{project}/jobs/{job}/claim",
    ),
    Entry(
        "job release",
        _JOBS,
        "Give a claimed job back to the queue.",
        "POST /projects/{project}/jobs/{job}/release",
    ),
    Entry(
        "job vote",
        _JOBS,
        "Vote for a job to come earlier or later.",
        "POST /projects/{project}/jobs/{job}/vote",
    ),
    Entry(
        "serve",
        _SERVING,
        "Keep the project open for other programs, without a window.",
        "GET /server",
        local=True,
    ),
    Entry(
        "worker",
        _JOBS,
        "Work on the queue of a project: a headless render node.",
        "POST /projects/{project}/worker",
        local=True,
    ),
    Entry("take list", _TAKES, "List takes: the rendered results.", "GET /projects/{project}/takes"),
    Entry(
        "take show",
        _TAKES,
        "Show one take: where it came from and how well it regenerates.",
        "GET /projects/{project}/takes/{take}",
    ),
    Entry(
        "take export",
        _TAKES,
        "Write a take's picture to a file, rendering it again if it is gone.",
        "POST /projects/{project}/takes/{take}/export",
    ),
    Entry(
        "take approve",
        _TAKES,
        "Choose a take as the one that stands for its asset.",
        "POST /projects/{project}/takes/{take}/approve",
    ),
    Entry(
        "take compare",
        _TAKES,
        "Measure how far one take is from another.",
        "POST /projects/{project}/takes/compare",
    ),
    Entry(
        "take prove",
        _TAKES,
        "Render a take again and compare, to earn its class.",
        "POST /projects/{project}/takes/prove",
    ),
    Entry(
        "storage report",
        _STORAGE,
        "Show what is stored and how much could be rendered again.",
        "GET /projects/{project}/storage/report",
        apart=True,
    ),
    Entry(
        "storage drop",
        _STORAGE,
        "Delete your own copies of pictures that are safe to delete.",
        "POST /projects/{project}/storage/drop",
    ),
    Entry(
        "storage fetch",
        _STORAGE,
        "Bring deleted pictures back and check them.",
        "POST /projects/{project}/storage/fetch",
    ),
    Entry(
        "model list",
        _MODELS,
        "List the models this project and this machine know.",
        "GET /projects/{project}/models",
    ),
    Entry(
        "model add",
        _MODELS,
        "Make a model folder known, by its digest.",
        "POST /projects/{project}/models",
        success=201,
        apart=True,
    ),
    Entry(
        "model verify",
        _MODELS,
        "Read the weights again and compare them with their digests.",
        "POST /projects/{project}/models/verify",
        apart=True,
    ),
    Entry(
        "model supersede",
        _MODELS,
        "Say that one model is meant to replace another.",
        "POST /projects/{project}/models/supersede",
    ),
    Entry("events", _WATCHING, "Print live events as JSON lines.", "WS /events", local=True),
    Entry(
        "verify",
        _TROUBLE,
        "Check the integrity of everything stored.",
        "POST /projects/{project}/verify",
        apart=True,
    ),
    Entry(
        "doctor",
        _TROUBLE,
        "Check the machine's set-up, with a fix for each fault.",
        "GET /doctor",
        local=True,
    ),
    Entry("help", _TROUBLE, "Read a help page.", "GET /help", local=True),
)

GROUPS: Final[Mapping[str, str]] = {
    "asset": "What the film is made of: characters, styles, environments, props and shots.",
    "template": "Carry parameters to another project.",
    "jobs": "The queue of wishes.",
    "job": "One job of the queue.",
    "take": "The rendered results.",
    "storage": "What is kept, what may go, and bringing it back.",
    "model": "Neural networks, always by digest.",
}
"""What each first word stands for that has further words after it."""

_loaded: dict[str, Command] = {}


def command(words: str, *, examples: Sequence[str] = ()) -> Callable[[F], F]:
    """Mark `words`' function; the words must stand in `COMMANDS` with this module, and give the function its name."""

    def mark(function: F) -> F:
        entry = entry_of(words)
        if (function.__module__, function.__name__) != (entry.module, entry.function_name):
            raise TypeError(f"{words!r} belongs to {entry.module}:{entry.function_name}")
        _loaded[words] = Command(entry, function, tuple(examples))
        return function

    return mark


def entry_of(words: str) -> Entry:
    """The table's entry for these words; `KeyError` if the program has no such command."""
    for entry in COMMANDS:
        if entry.words == words:
            return entry
    raise KeyError(words)


def load(words: str) -> Command:
    """The command with its function, importing its module if that has not happened yet."""
    if words not in _loaded:
        importlib.import_module(entry_of(words).module)
    return _loaded[words]
