"""Pictures by id: on their way back, or by a signed address."""

from __future__ import annotations

from app.api.schemas.jobs import JOB, Job
from app.api.schemas.takes import TAKE
from app.api.schemas.values import Bytes, Digest, Id, JobState, Shape, always, shown


class Returning(Shape):
    """The picture is not here and is being rendered."""

    model_config = shown(
        {
            "job": {**JOB, "id": f"return-{TAKE['id']}", "take": TAKE["id"]},
            "take": TAKE["id"],
            "state": "running",
            "retry_after_s": 4,
            "message": "MARA_v03_take02 is being brought back.",
        }
    )

    job: Job = always("The work as a job; its id can be asked for as that of any job.")
    take: Id | None = always("The take whose picture it is; null while it is rendered for the first time.")
    state: JobState = always("Where the work is.")
    retry_after_s: int = always("When to ask again, in seconds.", ge=1)
    message: str = always("What is being done, in a sentence.")


class SignedUrl(Shape):
    """An address that gives the bytes to whoever has it, for a while."""

    model_config = shown(
        {
            "url": f"http://127.0.0.1:8765/api/v1/content/{TAKE['sha256']}?type=image%2Fpng&expires=1795371170&signature=5f1c",
            "expires": 1795371170,
            "sha256": TAKE["sha256"],
            "bytes": 12350,
            "media_type": "image/png",
            "filename": TAKE["filename"],
        }
    )

    url: str = always("The address.")
    expires: int = always("Until when it works, in seconds since 1970.", ge=0)
    sha256: Digest = always("The SHA-256 of the bytes.")
    bytes: Bytes = always("How many bytes.")
    media_type: str = always("What they are.")
    filename: str = always("What to call the file.")
