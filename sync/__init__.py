"""Sync lets devices share documents and blobs and agree; it knows no Qt and no torch.

A project is a folder of small automerge documents that only gain facts: `records` says what the facts are, `schema`
how they lie in documents, `document` is the one room that touches automerge. Facts travel in signed bundles of device
logs (`log`, `identity`), are kept by `store`, made searchable by `index`, and given meaning by the pure functions of
`rules`. `project` puts these together: one way in, `commit`; one way out, `Change`. Of the engine it knows the
vocabulary alone: `engine.recipe`, `engine.graph`, `engine.faults`.
"""
