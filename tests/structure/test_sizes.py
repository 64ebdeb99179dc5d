"""How large a module and a function may grow."""

from __future__ import annotations

from tests.structure.sources import ROOMS, report, sources

MODULE_LIMIT, MODULE_AIM = 500, 250
FUNCTION_LIMIT, FUNCTION_AIM = 60, 40


def large_modules(limit: int) -> list[str]:
    """Modules of more lines than `limit`, the longest first."""
    found = [(len(source.text.splitlines()), source.name) for source in sources(*ROOMS)]
    return [f"{name}: {lines} lines" for lines, name in sorted(found, reverse=True) if lines > limit]


def long_functions(limit: int) -> list[str]:
    """Functions of more lines than `limit`, the longest first."""
    found = [
        ((node.end_lineno or node.lineno) - node.lineno + 1, source.at(node), node.name)
        for source in sources(*ROOMS)
        for node in source.functions()
    ]
    return [
        f"{at}: {name}, {lines} lines" for lines, at, name in sorted(found, reverse=True) if lines > limit
    ]


def test_no_module_is_too_long() -> None:
    print(report(f"Modules over the aim of {MODULE_AIM} lines", large_modules(MODULE_AIM)))
    found = large_modules(MODULE_LIMIT)
    assert not found, report(f"Modules over {MODULE_LIMIT} lines hold more than one thing", found)


def test_no_function_is_too_long() -> None:
    print(report(f"Functions over the aim of {FUNCTION_AIM} lines", long_functions(FUNCTION_AIM)))
    found = long_functions(FUNCTION_LIMIT)
    assert not found, report(f"Functions over {FUNCTION_LIMIT} lines do more than one thing", found)
