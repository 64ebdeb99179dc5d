"""What can be wrong with a model folder; each class names one thing a person can do something about."""

from __future__ import annotations

from typing import ClassVar, Final

from engine.faults import Fault

AGAIN: Final = "get this file again from where the model came from"


class ModelFault(Fault):
    """A model cannot be used."""

    code: ClassVar[str] = "model_damaged"


class ModelMissing(ModelFault):
    """The model, or a file that it needs, is not on this machine."""

    code = "model_missing"
    exit_status = 3


class ModelDamaged(ModelFault):
    """The model's bytes are not what they were, or not what its own headers say."""

    code = "model_damaged"


class ModelRefused(ModelFault):
    """The model could run code of a stranger, or is no kind of model this program renders with."""

    code = "model_refused"
    exit_status = 5
