"""Tasks of a context, and work to its end."""

from __future__ import annotations

import asyncio

import pytest

from sync.tasks import Crew, to_the_end


async def test_leaving_cancels_what_still_runs() -> None:
    async with Crew() as crew:
        task = crew.start(forever())
        await asyncio.sleep(0)
    assert task.cancelled()
    assert crew.over


async def test_an_exception_of_the_body_comes_out_as_it_is() -> None:
    async def body() -> None:
        async with Crew() as crew:
            crew.start(forever())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await body()


async def test_an_exception_of_a_task_ends_the_body() -> None:
    async def body() -> None:
        async with Crew() as crew:
            crew.start(fail())
            await asyncio.Event().wait()

    with pytest.raises(BaseExceptionGroup) as raised:
        await body()
    assert isinstance(raised.value.exceptions[0], ZeroDivisionError)


async def test_a_cancelled_body_stays_cancelled() -> None:
    async def body() -> None:
        async with Crew() as crew:
            crew.start(forever())
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(body())
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()


async def test_work_goes_to_its_end_although_it_is_cancelled() -> None:
    done: list[bool] = []
    go = asyncio.Event()

    async def work() -> None:
        await go.wait()
        done.append(True)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(to_the_end(work()))
        for _ in range(3):
            await asyncio.sleep(0)
            task.cancel()
        assert not done
        go.set()
    assert done == [True]
    assert task.cancelled()


async def test_what_fails_on_the_way_is_said() -> None:
    with pytest.raises(ZeroDivisionError):
        await to_the_end(fail())


async def forever() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise ZeroDivisionError
