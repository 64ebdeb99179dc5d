"""The release is said in words even where nothing is installed."""

from app.release import release


def test_there_is_always_a_release() -> None:
    assert release()
