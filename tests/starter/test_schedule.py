from __future__ import annotations

import pytest
import torch
from torch import nn

from starter.schedule import Schedule, set_rate


def test_a_run_of_no_time_makes_no_step() -> None:
    schedule = Schedule(1e-9)
    assert list(schedule) == []
    assert schedule.steps == 0


def test_a_run_counts_its_steps_and_its_share_grows() -> None:
    schedule = Schedule(0.02)
    shares = list(schedule)
    assert shares == sorted(shares)
    assert schedule.steps == len(shares) > 0
    assert shares[-1] < 1


def test_a_checkpoint_falls_due_once_an_interval() -> None:
    schedule = Schedule(100, save_every=0.0)
    assert schedule.due_to_save()
    assert not Schedule(100, save_every=50).due_to_save()


@pytest.mark.parametrize(("share", "rate"), [(0.02, 1.0), (0.5, 0.5), (1.0, 0.0)])
def test_rates_rise_shortly_and_fall_to_nothing(share: float, rate: float) -> None:
    optimizer = torch.optim.SGD([{"params": [nn.Parameter(torch.zeros(1))], "peak": 1.0}], lr=0.1)
    set_rate(optimizer, share)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(rate, abs=0.01)
