"""Models on disk: what a folder holds, its digest, what is installed here, and what is refused.

`folder` looks at the layout, `tensors` reads safetensors, `digest` hashes, `defaults` finds what a model is best used
with, `facts` is the record of it all, `reading` makes one from a folder, `installed` remembers where each digest lies.
"""

from engine.models.facts import ModelFacts as ModelFacts
from engine.models.faults import ModelDamaged as ModelDamaged
from engine.models.faults import ModelFault as ModelFault
from engine.models.faults import ModelMissing as ModelMissing
from engine.models.faults import ModelRefused as ModelRefused
from engine.models.installed import Installed as Installed
from engine.models.reading import read as read
