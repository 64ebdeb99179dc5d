"""Diffusers in the render child: the only rooms that import torch.

Read in this order: `random` (torch's random functions, owned by us), `load` (pipelines from folders, kept warm),
`arguments` (a recipe as the arguments of a pipeline's call), `steps` (progress and cancelling), `preview`, `latents`,
`profile` (the fingerprint), and last `press`, which strikes one recipe with all of them.
"""
