"""What a running program can be asked, with typed answers."""

from __future__ import annotations

import base64
import json
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, unquote

from .connection import API, Answer, Connection, Line, Query, encoded
from .events import Events
from .problem import Problem, Unreachable
from .shapes import (
    Asset,
    Job,
    Model,
    Project,
    Said,
    Saved,
    State,
    Status,
    Storage,
    Take,
    Version,
    Working,
    several,
    shaped,
)

T = TypeVar("T")
PAGE: Final = 500
KEPT: Final = 32
"""How many answers are kept, so that unchanged ones need not be sent again."""
JOBS: Final = "/regeneration/jobs"
Report = Callable[[Said | Working], None]


class Client:
    """A program that has a project open, such as `restrike serve`; to be used by one thread, and closed.

    Example:
        with Client.of("/films/harbour") as client:
            for asset in client.assets(kind="shot", stale=True):
                print(asset.name, asset.version_label)
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        certificate: str | None = None,
        project: str | None = None,
        timeout: float | None = 60.0,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = Connection(url, token, certificate=certificate, timeout=timeout)
        self._project = project
        self._folder: Path | None = None
        self._pause = pause
        self._now = now
        self._kept: OrderedDict[str, tuple[str, Any]] = OrderedDict()

    @classmethod
    def of(cls, folder: str | os.PathLike[str], *, timeout: float | None = 60.0) -> Client:
        """The program that has the project in `folder` open; raises `Unreachable` when none says so there."""
        found = _address(Path(folder))
        made = cls(
            found["url"],
            found["token"],
            certificate=found.get("certificate"),
            project=found.get("project"),
            timeout=timeout,
        )
        made._folder = Path(folder)
        return made

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the client can be used again."""
        self._connection.close()

    # --- anything at all ---

    def request(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Any request; `path` is below `/api/v1`, see `/docs`. Raises `Problem`."""
        return self._connection.request(method, path, query, body, headers)

    def stream(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Any = None,
        *,
        report: Report = lambda news: None,
    ) -> Answer:
        """A request of a command that takes long; `report` is told what it says and how far it is.

        Leaving this early, by Ctrl-C for instance, ends the connection, and with it the command.

        Example:
            client.stream("POST", client.path("render"), body={"names": ["MARA"], "wait": True}, report=print)
        """

        def told(line: Line) -> None:
            if "said" in line:
                report(Said(str(line["said"])))
            elif "working" in line:
                report(shaped(Working, line["working"]))

        return self._connection.stream(method, path, query, body, line=told)

    def path(self, *parts: str) -> str:
        """A path below the project, each part quoted: `client.path("assets", "MARA", "history")`."""
        return "/".join(["/projects", *(quote(one, safe="") for one in (self.project, *parts))])

    @property
    def project(self) -> str:
        """The id of the project that is asked about: the open one."""
        if self._project is None:
            self._project = self.projects()[0].id
        return self._project

    # --- the project ---

    def projects(self) -> list[Project]:
        """The open projects: one."""
        return several(Project, self._get("/projects")["projects"])

    def status(self) -> Status:
        """What is in the project and what is going on."""
        return shaped(Status, self._get(self.path("status")))

    def models(self) -> list[Model]:
        """The models that the project names or the machine has."""
        return several(Model, self._pages(self.path("models"), "models", {}))

    def storage(self) -> Storage:
        """How many bytes are kept there, for what, and how much could be rendered again."""
        return shaped(Storage, self._get("/storage/analytics", {"project": self._project}))

    # --- assets ---

    def assets(
        self,
        *,
        kind: str | None = None,
        scene: str | None = None,
        where: str | None = None,
        stale: bool = False,
    ) -> Iterator[Asset]:
        """Assets by name; `where` is a query such as `tier = low and takes = 0`."""
        query = {"kind": kind, "scene": scene, "where": where, "stale": stale or None}
        return (shaped(Asset, one) for one in self._pages(self.path("assets"), "assets", query))

    def asset(self, name: str) -> Asset:
        """One asset, by name or id."""
        return shaped(Asset, self._get(self.path("assets", name)))

    def add_asset(
        self,
        kind: str,
        name: str,
        *,
        scene: str | None = None,
        tier: str | None = None,
        inputs: Sequence[str] = (),
        from_image: str | os.PathLike[str] | None = None,
        note: str = "",
        **fields: Any,
    ) -> Asset:
        """A new asset; `fields` are the recipe's, `inputs` are `NAME:ROLE`.

        Example:
            client.add_asset("character", "MARA", prompt="a red traveller", steps=12)
        """
        body: dict[str, Any] = {"kind": kind, "name": name, "parameters": fields, "input": list(inputs)}
        body |= {"assignments": [f"tier={tier}"]} if tier else {}
        body |= {"scene": scene} if scene is not None else {}
        body |= {"note": note} if note else {}
        if from_image is not None:
            path = Path(from_image)
            body["from_image"] = {
                "filename": path.name,
                "base64": base64.b64encode(path.read_bytes()).decode(),
            }
        return shaped(Asset, self.request("POST", self.path("assets"), body=body).value)

    def set_asset(
        self,
        name: str,
        *,
        expect_version: int | None = None,
        tier: str | None = None,
        inputs: Sequence[str] = (),
        drop_inputs: Sequence[str] = (),
        note: str = "",
        **fields: Any,
    ) -> Asset:
        """A new version of an asset; None of a field is its default again, `expect_version` as in the program.

        Example:
            client.set_asset("MARA", expect_version=3, prompt="a green traveller", steps=None)
        """
        body: dict[str, Any] = {"parameters": fields, "input": list(inputs), "drop_input": list(drop_inputs)}
        body |= {"assignments": [f"tier={tier}"]} if tier else {}
        body |= {"expect_version": expect_version} if expect_version is not None else {}
        body |= {"note": note} if note else {}
        return shaped(Asset, self.request("PATCH", self.path("assets", name), body=body).value)

    def history(self, name: str) -> list[Version]:
        """The versions of an asset, the oldest first."""
        return several(Version, self._pages(self.path("assets", name, "history"), "versions", {}))

    # --- the regenerative state ---

    def state(
        self,
        *,
        since: int | None = None,
        kind: str | None = None,
        scene: str | None = None,
        where: str | None = None,
        stale: bool = False,
    ) -> State:
        """All assets with the number that a save is based on; with `since` only what changed after that number.

        What is unchanged is not sent again. When something changes while it is read, the number is the earliest.
        """
        query = {"since": since, "kind": kind, "scene": scene, "where": where, "stale": stale or None}
        pages = list(self._whole_pages(self.path("regenerative"), "assets", query))
        assets = [one for page in pages for one in page["assets"]]
        version = min(page["version"] for page in pages)
        return shaped(State, {**pages[0], "version": version, "assets": assets})

    def save(self, version: int, assets: Iterable[Mapping[str, Any]], *, dry_run: bool = False) -> Saved:
        """Save parameters of several assets, all or none; a `Problem` with status 409 has the `state` in its `fields`.

        Example:
            state = client.state()
            client.save(state.version, [{"asset": "MARA", "parameters": {"prompt": "green", "steps": None}}])
        """
        body = {"version": version, "assets": [dict(one) for one in assets]}
        query = {"dry_run": dry_run or None}
        return shaped(Saved, self.request("PUT", self.path("regenerative"), query, body).value)

    # --- pictures and the queue ---

    def submit(
        self,
        assets: Iterable[str],
        *,
        quality: str | None = None,
        priority: str | None = None,
        count: int | None = None,
        idempotency_key: str | None = None,
    ) -> list[Job]:
        """Ask for pictures of up to 1,000 assets: quality low, standard or high, priority high, normal or low.

        The same request with the same `idempotency_key` is done once, however often it is sent.

        Example:
            jobs = client.wait(client.submit(["MARA"], quality="low"), timeout=120)
        """
        given = {"quality": quality, "priority": priority, "count": count}
        body = {"assets": list(assets), **{name: one for name, one in given.items() if one is not None}}
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}
        return several(Job, self.request("POST", JOBS, self._where(), body, headers).value["jobs"])

    def jobs(self, states: Sequence[str] = (), *, asset: str | None = None) -> list[Job]:
        """Jobs, what comes next first; `states` such as `("pending", "running")`."""
        query = {**self._where(), "state": list(states), "asset": asset}
        return several(Job, self._pages(JOBS, "jobs", query))

    def job(self, job: str) -> Job:
        """One job, by id or the beginning of it."""
        return shaped(Job, self._get(f"{JOBS}/{quote(job, safe='')}", self._where()))

    def wait(self, jobs: Iterable[str | Job], timeout: float | None = None) -> list[Job]:
        """Wait until jobs have ended, told by events; a `Problem` of code `timed_out` after `timeout` seconds."""
        wanted = list(dict.fromkeys(one.id if isinstance(one, Job) else one for one in jobs))
        end = None if timeout is None else self._now() + timeout
        found: dict[str, Job] = {}
        with self.events(types=("server:job_changed", "server:regeneration_complete")) as events:
            for one in wanted:
                found[one] = self.job(one)
            while late := [one for one in wanted if not found[one].ended]:
                event = events.next(None if end is None else end - self._now())
                if event is None:
                    names = ", ".join(found[one].asset_name or one for one in late[:5])
                    raise Problem(f"not ended in time: {names}", "wait for longer", code="timed_out")
                told = {str(event.data.get(name)) for name in ("id", "job")} | {event.subject}
                again = [one for one in late if event.type == "server:full_sync" or one in told]
                found.update({one: self.job(one) for one in again})
        return [found[one] for one in wanted]

    def cancel(self, job: str) -> Job:
        """Call a job off."""
        return self._job("DELETE", job)

    def retry(self, job: str) -> Job:
        """Ask again for a job that failed or was called off; the answer is the new job."""
        return self._job("POST", job, "/retry")

    def vote(self, job: str, vote: int = 1) -> Job:
        """Vote for a job to come earlier (1), later (-1), or neither (0)."""
        return self._job("POST", job, "/vote", {"vote": vote})

    def takes(self, name: str | None = None, *, missing: bool = False) -> list[Take]:
        """Takes, the oldest first: all, or those of one asset; `missing` are those whose picture is not there."""
        query = {"name": name, "missing": missing or None}
        return several(Take, self._pages(self.path("takes"), "takes", query))

    def content(
        self,
        id: str,
        size: str = "full",
        to: str | os.PathLike[str] | None = None,
        *,
        timeout: float | None = 600.0,
    ) -> bytes | Path:
        """The picture of a take or an asset, as bytes or written to `to`: `thumb`, `proxy` or `full`.

        One that was deleted there is rendered again first, which is waited for.

        Example:
            client.content("MARA", "proxy", to="mara.webp")
        """
        path, query = f"/assets/{quote(id, safe='')}/content", {"size": size, **self._where()}
        end = None if timeout is None else self._now() + timeout
        while True:
            parts: list[bytes] = []
            answer = self._connection.download(path, query, None, parts.append)
            if answer.status != 202:
                return b"".join(parts) if to is None else _written(Path(to), parts)
            self._await_return(answer, end)

    def events(self, since: str | None = None, types: Sequence[str] = ()) -> Events:
        """Everything that changes, as it changes: first the whole state, or what happened after the event `since`.

        Needs the package `websockets`. A lost connection is made again, and nothing is missed.

        Example:
            with client.events(types=["server:asset_changed"]) as events:
                for event in events:
                    print(event.type, event.data)
        """
        return Events(self._found_again, since, types, pause=self._pause, now=self._now)

    # --- within ---

    def _found_again(self) -> Connection:
        """A further connection: to the program that has the project open now."""
        if self._folder is not None:
            found = _address(self._folder)
            if found["url"] != self._connection.url or found["token"] != self._connection.token:
                self.close()
                self._connection = self._connection.moved(
                    found["url"], found["token"], found.get("certificate")
                )
        return self._connection.again()

    def _where(self) -> dict[str, Any]:
        return {"project": self._project} if self._project is not None else {}

    def _job(self, method: str, job: str, more: str = "", body: Any = None) -> Job:
        answer = self.request(method, f"{JOBS}/{quote(job, safe='')}{more}", self._where(), body)
        return shaped(Job, answer.value)

    def _get(self, path: str, query: Query | None = None) -> Any:
        """What a GET answers; what has not changed since is not sent again."""
        key = path + encoded(query)
        kept = self._kept.get(key)
        answer = self.request("GET", path, query, headers={"If-None-Match": kept[0]} if kept else None)
        if answer.status == 304 and kept is not None:
            self._kept.move_to_end(key)
            return kept[1]
        if etag := answer.headers.get("etag"):
            self._kept[key] = (etag, answer.value)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return answer.value

    def _whole_pages(self, path: str, things: str, query: Query) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while True:
            page = self._get(path, {**query, "limit": PAGE, "offset": offset})
            yield page
            offset += len(page[things])
            if not page[things] or offset >= page.get("total", 0):
                return

    def _pages(self, path: str, things: str, query: Query) -> Iterator[Any]:
        for page in self._whole_pages(path, things, query):
            yield from page[things]

    def _await_return(self, answer: Answer, end: float | None) -> None:
        """Wait as long as the server says; raises when the picture cannot come back, or not in time."""
        seconds = float(answer.headers.get("retry-after", 1))
        left = None if end is None else end - self._now()
        if left is not None and left <= 0:
            raise Problem("the picture is not back in time", "ask again later", code="timed_out")
        self._pause(seconds if left is None else min(seconds, left))
        where = unquote(answer.headers.get("location", ""))
        if where.startswith(API):
            job = shaped(Job, self.request("GET", quote(where)).value)
            if job.state == "failed":
                raise Problem(job.reason or "the picture did not come back", "restrike take show says more")


def _address(folder: Path) -> dict[str, Any]:
    """What `.restrike/api.json` says; raises `Unreachable`."""
    try:
        found = json.loads((folder / ".restrike" / "api.json").read_text(encoding="utf-8"))
        return {**found, "url": str(found["url"]), "token": str(found["token"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreachable(f"no program has {folder} open") from error


def _written(target: Path, parts: Sequence[bytes]) -> Path:
    """Write a file whole or not at all."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fresh.write_bytes(b"".join(parts))
        fresh.replace(target)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    return target
