"""The command line: `arguments` makes the grammar from the table, `program` runs a call, `show` pictures its answer.

`progress` tells on stderr how far a command is, `complete` answers the shell's questions. Nothing here knows what a
command does.
"""

from app.cli.program import main

__all__ = ["main"]
