"""What answers are made of: ids, digests, times, sizes, and the closed lists of words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """A JSON object of which every key is known."""

    model_config = ConfigDict(extra="forbid")


class Open(BaseModel):
    """A JSON object that may hold more than what is described."""

    model_config = ConfigDict(extra="allow")


class JobState(StrEnum):
    """Where a job is: waiting, claimed, being rendered on this machine, or ended."""

    PENDING = "pending"
    OWNED = "owned"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Role(StrEnum):
    """What an input is to the picture that is made from it."""

    IMAGE = "image"
    ENVIRONMENT = "environment"
    PROP = "prop"
    CHARACTER = "character"
    STYLE = "style"


Id = Annotated[str, Field(min_length=1, max_length=128)]
"""An opaque id."""
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""A SHA-256, or an id of that form, as 64 hexadecimal digits."""
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A moment, RFC 3339 in UTC."""
Bytes = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, 0 to 1."""
Struck = Literal["R0", "R1", "R2"]
"""What one comparison of two pictures can show."""


def maybe(description: str, **more: Any) -> Any:
    """A key that is not always there; when it is there, it is not null unless its type says so."""

    def without_default(schema: dict[str, Any]) -> None:
        schema.pop("default", None)

    return Field(default=None, description=description, json_schema_extra=without_default, **more)


def always(description: str, **more: Any) -> Any:
    """A key that is always there."""
    return Field(description=description, **more)


def shown(*examples: dict[str, Any]) -> ConfigDict:
    """The configuration of a closed object with examples."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": list(examples)})


class Written(Shape):
    """A file that was made for the caller, as its content: `json` for JSON, otherwise `base64`."""

    filename: str = always("What to call it: a name without folders.", examples=["MARA_v03_take02.png"])
    media_type: str = always("What it holds.", examples=["image/png"])
    base64: str = always(
        "The bytes, in Base64.",
        json_schema_extra={"contentEncoding": "base64", "contentMediaType": "image/png"},
    )
