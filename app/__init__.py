"""The app composes engine and sync and offers them to people and to other programs.

`studio` opens and closes everything, `commands` holds each intention once, `worker` works the queue. In front of them
stands `cli`, which is made from `commands.table`; `place` says where a command was called, `settings`, `logs` and
`errors` are what every front end needs. A version is made by `choices` (what an artist says), `catalogue` (which models
there are) and `versions` (checked, frozen, saved); `pictures` brings recipes and pictures in from outside. `views` and
`shapes` make the JSON that all front ends answer with, `film` the folders and file names that a project shows to other
programs; `integrity` and `machine` look for what is wrong. Nothing here is imported by engine or sync.
"""
