"""The engine turns a `Recipe` into pixels; it knows no Qt, no network and no documents.

Read in this order: `recipe` (what was asked), `parameters` (what an artist may set), `fingerprint` (what the machine
contributes), `models` (weights by digest), `renderer` (the protocol), `process` (the child that keeps it),
`compare` (how far one picture is from another). Only `diffusion` and the child's `__main__` import torch.
`faults` is the vocabulary of errors that every room shares.
"""
