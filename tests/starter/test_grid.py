from __future__ import annotations

import numpy as np

from starter.grid import contact_sheet


def test_a_sheet_has_room_for_every_picture() -> None:
    pictures = np.full((5, 56, 96, 3), 200, np.uint8)
    sheet = contact_sheet(pictures, columns=4, enlarge=1, gap=2)
    assert sheet.size == (4 * 98 + 2, 2 * 58 + 2)
    assert sheet.getpixel((2, 2)) == (200, 200, 200)
    assert sheet.getpixel((0, 0)) == (20, 20, 24)
    assert sheet.getpixel((200, 100)) == (20, 20, 24)
