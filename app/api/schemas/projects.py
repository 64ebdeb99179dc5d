"""Projects, the server that has them open, and the sample film."""

from __future__ import annotations

from app.api.schemas.takes import TAKE, Take
from app.api.schemas.values import Bytes, Count, Digest, Seconds, Shape, Time, always, maybe, shown

PROJECT = "7c9dca0052dfdcd68714ce69e32de793f91ba2e55476a948b5d512b37659c3ab"


class ProjectStarted(Shape):
    """A new project."""

    model_config = shown({"project": PROJECT, "name": "Harbour", "message": "Harbour is ready in film."})

    project: Digest = always("The project's id.")
    name: str = always("What the film is called.")
    message: str = always("What was done, in a sentence.")


class JobCounts(Shape):
    """How many jobs are where."""

    pending: Count = always("Waiting for a worker.")
    owned: Count = always("Claimed by a worker.")
    running: Count = always("Being rendered on this machine.")
    finished: Count = always("Ended with a picture.")
    cancelled: Count = always("Called off.")
    failed: Count = always("Ended without a picture.")


class BlobCounts(Shape):
    """What the store of pictures on this machine holds."""

    count: Count = always("How many files.")
    bytes: Bytes = always("Their size together.")


class ProjectStatus(Shape):
    """What is in a project and what is going on."""

    model_config = shown(
        {
            "project": PROJECT,
            "name": "Harbour",
            "documents": 4,
            "heads": "7123013fc4717232b8fc27113c9adb40570a9d2cbc7f60351ac49a72782907b0",
            "assets": 2,
            "versions": 2,
            "takes": 2,
            "jobs": {"pending": 0, "owned": 0, "running": 0, "finished": 2, "cancelled": 0, "failed": 0},
            "paused": False,
            "peers": 0,
            "blobs": {"count": 4, "bytes": 5369},
        }
    )

    project: Digest = always("The project's id.")
    name: str = always("What the film is called.")
    documents: Count = always("How many documents it consists of.")
    heads: str = always("One digest over everything: equal on two machines exactly when they know the same.")
    assets: Count = always("How many assets there are.")
    versions: Count = always("How many versions there are.")
    takes: Count = always("How many takes there are.")
    jobs: JobCounts = always("How many jobs are where.")
    paused: bool = always("Whether workers start nothing new.")
    peers: Count = always("How many other running copies of the program are connected.")
    blobs: BlobCounts = always("What the store of pictures holds.")


class Demo(Shape):
    """The sample film: rendered, proved, deleted and brought back."""

    model_config = shown(
        {
            "project": PROJECT,
            "name": "Harbour",
            "takes": [TAKE],
            "seconds": 41.5,
            "first_picture_seconds": 6.1,
            "freed_bytes": 81200,
            "deleted": 8,
            "identical": 8,
            "message": "8 pictures deleted (81 kB) and rendered again: 8 of 8 with equal pixels.",
        }
    )

    project: Digest = always("The project's id.")
    name: str = always("What the film is called.")
    takes: list[Take] = always("Its takes.")
    seconds: Seconds = always("How long everything took, in seconds.")
    first_picture_seconds: Seconds | None = always(
        "Seconds until the first picture; null when all were there already."
    )
    freed_bytes: Bytes = always("The bytes that were free while the pictures were gone.")
    deleted: Count = always("How many pictures were deleted.")
    identical: Count = always("How many came back with equal pixels.")
    message: str = always("What was done, in a sentence.")
    opened: bool = maybe("Whether the contact sheet was shown on a display.")


class OpenProject(Shape):
    """A project that is open here."""

    id: Digest = always("The project's id.")
    name: str = always("What the film is called.")
    version: int = always(
        "This device's monotone counter of everything known: larger after every change.", ge=0
    )
    assets: Count = always("How many assets there are.")
    versions: Count = always("How many versions there are.")
    takes: Count = always("How many takes there are.")
    by: str = always("The command that has it open: serve, worker, open.")


class Projects(Shape):
    """The projects that are open here."""

    model_config = shown(
        {
            "projects": [
                {
                    "id": PROJECT,
                    "name": "Harbour",
                    "version": 112,
                    "assets": 2,
                    "versions": 2,
                    "takes": 2,
                    "by": "serve",
                }
            ]
        }
    )

    projects: list[OpenProject] = always("The open projects.")


class ServerInfo(Shape):
    """The running program that answers."""

    model_config = shown(
        {
            "release": "0.1.0",
            "by": "serve",
            "started": "2026-11-22T18:12:50.549000Z",
            "renders": True,
            "listeners": 1,
            "projects": [PROJECT],
        }
    )

    release: str = always("The program's release.")
    by: str = always("The command that has the project open: serve, worker, open.")
    started: Time = always("Since when it answers, RFC 3339 in UTC.")
    renders: bool = always("Whether it also works on the queue.")
    listeners: Count = always("How many callers listen to events.")
    projects: list[Digest] = always("The ids of the open projects.")
