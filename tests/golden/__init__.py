"""Projects as each schema wrote them; `python -m tests.golden` adds those of a new schema, once."""
