"""Keeps the shape of the house: who imports whom, how large things are, how they are called."""
