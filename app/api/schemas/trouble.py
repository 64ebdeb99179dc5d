"""When something is wrong: integrity, the machine's set-up, help."""

from __future__ import annotations

from pydantic import ConfigDict, Field, RootModel

from app.api.schemas.values import Count, Shape, always, shown


class Checked(Shape):
    """How much was checked."""

    documents: Count = always("Documents with their signed logs.")
    versions: Count = always("Versions.")
    takes: Count = always("Takes.")
    blobs: Count = always("Stored files, by digest.")
    recipe_files: Count = Field(alias="recipe files", description="Recipe files in the film's folders.")
    models: Count = always("Models on this machine.")


class Fault(Shape):
    """Something that is wrong."""

    what: str = always("What kind of thing: document, blob, picture, file, recipe file, model …")
    id: str = always("Which one.")
    detail: str = always("What is wrong with it.")
    fix: str = always("What to do.")


class Verified(Shape):
    """Whether everything stored is what was stored."""

    model_config = shown(
        {
            "checked": {
                "documents": 4,
                "versions": 2,
                "takes": 2,
                "blobs": 4,
                "recipe files": 2,
                "models": 2,
            },
            "faults": [
                {
                    "what": "picture",
                    "id": "p7fui3jlnv6vbyhlkfcb42fkfu",
                    "detail": "the picture of MARA MARA_v03_take02.png is gone",
                    "fix": "restrike storage fetch renders it again",
                }
            ],
            "repaired": [],
        }
    )

    checked: Checked = always("How much was checked.")
    faults: list[Fault] = always("What is wrong; empty when everything is whole.")
    repaired: list[str] = always("What was mended.")


class Check(Shape):
    """Something that the program stands on."""

    name: str = always("What was looked at.")
    ok: bool = always("Whether it is as it should be.")
    detail: str = always("What was found.")
    fix: str = always("What to do; empty when nothing is wrong.")


class Doctor(Shape):
    """What the program stands on, and whether it is sound."""

    model_config = shown(
        {
            "checks": [
                {"name": "torch", "ok": True, "detail": "2.13.0+cpu", "fix": ""},
                {
                    "name": "memory",
                    "ok": False,
                    "detail": "1.2 GB available",
                    "fix": "close other programs while rendering",
                },
            ]
        }
    )

    checks: list[Check] = always("Everything that was looked at.")


class Topic(Shape):
    """A help page by its title."""

    topic: str = always("The page's name.")
    title: str = always("Its title.")


class HelpTopics(Shape):
    """The help pages."""

    topics: list[Topic] = always("The pages.")


class HelpPage(Topic):
    """A help page."""

    text: str = always("The page, in Markdown.")


class Help(RootModel[HelpTopics | HelpPage]):
    """The list of help pages, or one of them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"topics": [{"topic": "takes", "title": "Takes and their classes"}]}]}
    )
