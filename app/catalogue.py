"""The models that may be named: those of this machine and those that the project knows from somebody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.faults import BadField
from engine.models import ModelFacts
from engine.recipe import ModelDigest
from sync.project import Edit
from sync.records import FactId, Model, Superseded

if TYPE_CHECKING:
    from app.studio import Studio


@dataclass(frozen=True, slots=True)
class Shelf:
    """The models that may be named: installed here, or known to the project from somebody else."""

    known: tuple[ModelFacts, ...]
    superseded: tuple[Superseded, ...]

    @classmethod
    def of(cls, studio: Studio) -> Shelf:
        """All models of the project and of this machine, each digest once."""
        found: dict[ModelDigest, ModelFacts] = {}
        for record in studio.project.models():
            found[record.digest] = ModelFacts.from_json(record.facts)
        for facts in studio.models.facts():
            found.setdefault(facts.digest, facts)
        return cls(tuple(found.values()), tuple(studio.project.superseded()))

    def find(self, wanted: str) -> ModelFacts:
        """The model with this name, digest or beginning of one; raises `BadField` naming those that exist.

        Of several with one name, the one that no other supersedes.
        """
        named = [one for one in self.known if one.name.casefold() == wanted.casefold()]
        old = {one.old for one in self.superseded}
        if named:
            return next((one for one in reversed(named) if one.digest not in old), named[-1])
        begun = [one for one in self.known if len(wanted) >= 8 and one.digest.startswith(wanted)]
        if len(begun) == 1:
            return begun[0]
        names = ", ".join(f"{one.name} ({one.digest[:12]})" for one in self.known)
        raise BadField("model", wanted, names or "none yet; make one known with restrike model add FOLDER")


def model_record(edit: Edit, facts: ModelFacts) -> Model:
    """A model as the project document keeps it."""
    return Model(
        id=FactId(edit.new_id()),
        digest=facts.digest,
        name=facts.name,
        pipeline=facts.pipeline,
        bytes=facts.bytes,
        source=facts.source,
        licence=facts.licence,
        facts=facts.to_json(),
        author=edit.member,
        time=edit.now,
    )
