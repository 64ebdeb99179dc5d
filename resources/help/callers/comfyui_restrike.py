"""A ComfyUI node: the picture of an asset of a film, rendered by Restrike first where that is needed.

Put this file into ComfyUI's folder custom_nodes and start ComfyUI again; the node is in image > Restrike. Start
`restrike serve --render` in the film's folder.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
import torch
from comfy import model_management  # type: ignore[import-not-found, unused-ignore]
from PIL import Image

ASK = 0.5
"""Seconds between two questions about a job."""
OWN = "as the asset says"
"""The choice that keeps the quality of the asset's newest version."""


class Refused(Exception):
    """What was asked for cannot be had; the text says why, for people."""


class Restrike:
    """The program that has a film open: `restrike serve` in the film's folder."""

    def __init__(self, film: str) -> None:
        try:
            found = json.loads((Path(film) / ".restrike" / "api.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise Refused(f"nobody has {film or 'a film'} open: run restrike serve --render there") from error
        self._where = urlsplit(found["url"])
        self._token: str = found["token"]
        self._certificate: str | None = found["certificate"]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and bytes of an answer; raises `Refused` with what Restrike says where it refuses."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        try:
            connection = self._connected()
            try:
                connection.request(method, f"/api/v1{path}", sent, headers)
                answer = connection.getresponse()
                got = answer.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"Restrike does not answer ({error}): is restrike serve still running?") from error
        if answer.status >= 400 and answer.getheader("Content-Type") == "application/problem+json":
            problem = json.loads(got)
            raise Refused(f"{problem['detail']} ({problem['hint']})")
        if answer.status >= 400:
            raise Refused(f"another program answers at {self._where.netloc}: start restrike serve again")
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, got

    def _connected(self) -> http.client.HTTPConnection:
        """A connection; over TLS only to the certificate that api.json names, before the token is sent."""
        host, port = self._where.hostname or "127.0.0.1", self._where.port
        if self._where.scheme != "https":
            return http.client.HTTPConnection(host, port, timeout=60)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=60, context=context)
        connection.connect()
        shown = connection.sock.getpeercert(binary_form=True)
        if shown is None or hashlib.sha256(shown).hexdigest() != self._certificate:
            connection.close()
            raise Refused("the server shows another certificate than api.json says")
        return connection

    def rendered(self, asset: str, quality: str | None, wait: Callable[[float], object]) -> str:
        """The id of the take of an asset as it is now, rendered if need be; `wait` is called between two looks."""
        wanted = {"assets": [asset]} | ({"quality": quality} if quality else {})
        job = json.loads(self.ask("POST", "/regeneration/jobs", wanted)[2])["jobs"][-1]
        while job["state"] not in ("finished", "failed", "cancelled"):
            wait(ASK)
            job = json.loads(self.ask("GET", f"/regeneration/jobs/{quote(job['id'])}")[2])
        if job["take"] is None:
            raise Refused(f"{job['asset_name']}: {job['state']}, {job['reason'] or 'without a reason'}")
        return str(job["take"])

    def picture(self, take: str, wait: Callable[[float], object]) -> bytes:
        """The picture of a take; one that was deleted comes back first (202, and how long that takes)."""
        while True:
            status, headers, got = self.ask("GET", f"/assets/{quote(take)}/content?size=full")
            if status != 202:
                return got
            wait(float(headers["retry-after"]))


class RestrikePicture:
    """The picture of an asset as it is now; the node runs again when the asset's recipe has changed."""

    CATEGORY = "image/Restrike"
    DESCRIPTION = "The picture of an asset of a film, rendered by Restrike first where that is needed."
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "picture"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """What the node asks for: the film's folder, the asset's name or id, and the quality."""
        return {
            "required": {
                "film": ("STRING", {"default": "", "tooltip": "The film's folder."}),
                "asset": ("STRING", {"default": "", "tooltip": "The asset, by name or id."}),
                "quality": ([OWN, "low", "standard", "high"], {"default": OWN}),
            }
        }

    @classmethod
    def IS_CHANGED(cls, film: str, asset: str, quality: str) -> str:  # noqa: N802
        """What ComfyUI compares with the time before: the job that the asset as it is now would be."""
        wanted = {"assets": [asset]} | ({} if quality == OWN else {"quality": quality})
        planned = Restrike(film).ask("POST", "/regeneration/jobs?dry_run=true", wanted)[2]
        return str(json.loads(planned)["jobs"][-1]["id"])

    def picture(self, film: str, asset: str, quality: str) -> tuple[torch.Tensor]:
        """An IMAGE: one picture, its rows, its columns, and red, green and blue from 0 to 1."""
        restrike = Restrike(film)
        take = restrike.rendered(asset, None if quality == OWN else quality, _wait)
        with Image.open(io.BytesIO(restrike.picture(take, _wait))) as opened:
            pixels = np.asarray(opened.convert("RGB"), dtype=np.float32) / 255.0
        return (torch.from_numpy(pixels)[None],)


def _wait(seconds: float) -> None:
    """Wait, unless somebody presses Cancel in ComfyUI."""
    model_management.throw_exception_if_processing_interrupted()
    time.sleep(seconds)


NODE_CLASS_MAPPINGS = {"RestrikePicture": RestrikePicture}
NODE_DISPLAY_NAME_MAPPINGS = {"RestrikePicture": "Picture from Restrike"}
