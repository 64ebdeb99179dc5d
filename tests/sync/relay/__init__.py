"""The relay: what it says, what it keeps, what it refuses, and what it cannot do to anybody."""
