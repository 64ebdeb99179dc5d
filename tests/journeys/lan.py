"""Speaks as one instance of discovery, a JSON line for each thing found: `lan.py INSTANCE PORT`, ended by a signal."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

from sync.discovery import Discovery


async def main(instance: str, port: int) -> None:
    """Announce and listen until the process is ended."""
    async with Discovery(lambda: b"12345678", port, instance, every=1.0, look=0.2, ttl=4) as found:
        print(json.dumps({"instance": instance}), flush=True)
        async for one in found:
            print(json.dumps(asdict(one)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
