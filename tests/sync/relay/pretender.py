"""Something that listens where a relay should, and says what a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from sync.relay import frames
from sync.relay.frames import Challenge, Frame, Pass, Prove, Welcome
from sync.relay.names import address_of

Answer = Callable[[Frame], Sequence[Frame] | None]
"""What is said to a frame; None for what an honest relay says to a proof, and nothing to all else."""


@asynccontextmanager
async def pretending(answer: Answer, first: Frame | bytes = Challenge(1, bytes(32))) -> AsyncIterator[str]:  # noqa: B008
    """The address of such a relay; the message `close` that is to be passed on makes it go away."""

    async def visited(socket: ServerConnection) -> None:
        try:
            await socket.send(first if isinstance(first, bytes) else frames.encode(first))
            async for data in socket:
                assert isinstance(data, bytes)
                frame = frames.decode(data)
                if isinstance(frame, Pass) and frame.data == b"close":
                    return
                said = answer(frame)
                if said is None:
                    said = [Welcome(address_of(frame.public))] if isinstance(frame, Prove) else []
                for one in said:
                    await socket.send(frames.encode(one))
        except ConnectionClosed:
            return

    async with serve(visited, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}"
