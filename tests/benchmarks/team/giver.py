"""A device that hands out blobs, in a process of its own: `giver.py BLOBS SEED OTHER PROJECT` prints its two ports.

At the first port it speaks as the program does; at the second it writes the first blob of the folder to whoever comes,
as it is. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from pathlib import Path

from sync.blobs.folder import FolderStore
from sync.blobs.served import Served
from sync.identity import Device
from sync.records import ProjectId


async def main(folder: Path, seed: bytes, other: bytes, project: ProjectId) -> None:
    """Hand out until nobody needs it."""
    store = FolderStore(folder)
    bare = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_copy, args=(bare, store), daemon=True).start()
    async with Served(
        store, Device.of_seed(seed), project, lambda public: public == other, host="127.0.0.1"
    ) as at:
        print(at.port, bare.getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


def _copy(bare: socket.socket, store: FolderStore) -> None:
    while True:
        caller, _ = bare.accept()
        with caller, store.path(next(store.digests())).open("rb") as file:
            caller.sendfile(file)


if __name__ == "__main__":
    where, seed, other, project = sys.argv[1:]
    asyncio.run(main(Path(where), bytes.fromhex(seed), bytes.fromhex(other), ProjectId(project)))
