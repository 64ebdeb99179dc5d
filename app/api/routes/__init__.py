"""The routes: `commands` makes one of every command, the others are those that the outside contract fixes."""
