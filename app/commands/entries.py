"""The rows of the command table: every command with its module, summary and route, and what groups stand for."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


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
        """The name of the function in the module: the words joined by underscores, one more after a Python keyword."""
        name = self.words.replace(" ", "_").replace("-", "_")
        return f"{name}_" if keyword.iskeyword(name) else name


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
_TEAM: Final = "app.commands.team"
_PEERS: Final = "app.commands.peers"
_CARRYING: Final = "app.commands.carrying"
_RELAYING: Final = "app.commands.relaying"

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
    Entry(
        "invite",
        _TEAM,
        "Make a ticket that lets somebody, or a device of yours, join.",
        "POST /projects/{project}/invitations",
        success=201,
    ),
    Entry(
        "members",
        _TEAM,
        "Show who belongs to the project, with which devices.",
        "GET /projects/{project}/members",
    ),
    Entry(
        "revoke",
        _TEAM,
        "Remove a member or a device, or call a ticket off.",
        "DELETE /projects/{project}/members/{what}",
    ),
    Entry(
        "admit",
        _TEAM,
        "Let in a device that knocks; without a key show who does.",
        "POST /projects/{project}/admissions",
    ),
    Entry(
        "adopt",
        _TEAM,
        "Let what a removed device still did count; or show it.",
        "POST /projects/{project}/adoptions",
    ),
    Entry(
        "join",
        _PEERS,
        "Join a project with a ticket, in a folder of its own.",
        "POST /join",
        success=201,
        local=True,
    ),
    Entry(
        "peers",
        _PEERS,
        "Show which of the team's devices are here, or why one is not in sync.",
        "GET /projects/{project}/peers",
    ),
    Entry(
        "export",
        _CARRYING,
        "Write the project to a file that another device imports.",
        "POST /projects/{project}/export",
        apart=True,
    ),
    Entry(
        "import",
        _CARRYING,
        "Take in what another device exported.",
        "POST /projects/{project}/import",
    ),
    Entry("relay", _RELAYING, "Run a relay for devices that cannot meet.", "GET /relay", local=True),
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
