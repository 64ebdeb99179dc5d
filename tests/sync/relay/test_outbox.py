"""What waits is in order, bounded, and counted."""

from __future__ import annotations

from sync.relay.outbox import Outbox, Waiting


async def test_what_was_sent_comes_out_in_order_and_then_the_end() -> None:
    outbox = Outbox(Waiting(100), 100)
    assert outbox.send(b"one")
    assert outbox.send(b"two")
    outbox.close(4000, "over")
    assert not outbox.send(b"three")
    assert [await outbox.next(), await outbox.next(), await outbox.next()] == [b"one", b"two", None]
    assert outbox.end == (4000, "over")


def test_the_first_reason_to_close_counts() -> None:
    outbox = Outbox(Waiting(100), 100)
    outbox.close(1, "first")
    outbox.close(2, "second")
    assert outbox.end == (1, "first")


def test_too_much_is_not_taken() -> None:
    outbox = Outbox(Waiting(100), 10)
    assert outbox.send(bytes(8))
    assert not outbox.send(bytes(8))
    assert outbox.send(bytes(2))


def test_one_large_message_passes_where_nothing_waits() -> None:
    assert Outbox(Waiting(100), 10).send(bytes(50))


async def test_the_bytes_of_all_are_counted_together() -> None:
    waiting = Waiting(10)
    one, other = Outbox(waiting, 10), Outbox(waiting, 10)
    assert one.send(bytes(6))
    assert other.send(bytes(3))
    assert not other.send(bytes(6))
    await one.next()
    assert other.send(bytes(6))
    other.clear()
    assert waiting.bytes == 0
