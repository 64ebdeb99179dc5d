"""What an asset is called: the newest of the names that no other replaced; names given apart are a fork."""

from __future__ import annotations

from sync.records import AssetFacts, FactId, Renamed
from sync.rules.union import unique


def name(facts: AssetFacts) -> str:
    """What the asset is called now: the newest renaming that counts, else the name it was made with."""
    found = standing(facts)
    return found[0].name if found else facts.asset.name


def standing(facts: AssetFacts) -> tuple[Renamed, ...]:
    """The different names that nobody replaced, the one that counts first; two or more were given apart."""
    known = unique(facts.renamed, lambda one: one.id)
    replaced = {other for one in known.values() for other in one.over if other != one.id}
    # where names replace each other in a circle, which only a forger can write, all of them stand
    left = [one for one in known.values() if one.id not in replaced] or list(known.values())
    newest = sorted(left, key=lambda one: (one.time, one.id, one.name), reverse=True)
    return tuple(unique(newest, lambda one: one.name.casefold()).values()) if left else ()


def over(facts: AssetFacts) -> tuple[FactId, ...]:
    """The renamings that one made now replaces."""
    known = unique(facts.renamed, lambda one: one.id)
    replaced = {other for one in known.values() for other in one.over if other != one.id}
    return tuple(sorted(known.keys() - replaced))
