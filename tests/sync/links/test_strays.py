"""What the connection library drops goes to our log, and nothing else does."""

from __future__ import annotations

import asyncio
import logging

import aioice.ice
import pytest

from sync.links import strays


async def test_complaints_of_the_libraries_are_logged_and_others_passed_on(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    passed: list[str] = []
    loop.set_exception_handler(lambda _, context: passed.append(context["message"]))
    try:
        strays.contain(loop)
        strays.contain(loop)
        handler = loop.get_exception_handler()
        assert isinstance(handler, strays.Strays)
        with caplog.at_level(logging.INFO, "sync"):
            handler(loop, {"message": "theirs", "exception": _raised_by_a_library()})
            handler(loop, {"message": "ours", "exception": _raised_here()})
            handler(loop, {"message": "a slow callback"})
    finally:
        loop.set_exception_handler(before)
    assert passed == ["ours", "a slow callback"]
    assert "theirs" in caplog.text
    assert capsys.readouterr().err == ""


def test_their_warnings_never_reach_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    asyncio.run(_contained())
    for name in strays.LIBRARIES:
        logging.getLogger(name).warning("something odd")
    assert capfd.readouterr().err == ""


async def _contained() -> None:
    strays.contain(asyncio.get_running_loop())


def _raised_by_a_library() -> BaseException:
    try:
        aioice.ice.candidate_pair_priority(None, None, True)  # type: ignore[arg-type]
    except AttributeError as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        return error
    raise AssertionError("it takes anything")


def _raised_here() -> BaseException:
    try:
        raise ValueError("ours")
    except ValueError as error:
        return error
