"""What is counted is told in Prometheus' own words."""

from __future__ import annotations

import re

from sync.relay.metrics import ABOUT, Metrics


def test_every_measure_is_there_with_its_kind() -> None:
    metrics = Metrics()
    metrics.counts["passed_total"] = 3
    metrics.refused["bad_proof"] = 2
    metrics.throttled = 1.5
    text = metrics.text({"connections": 7})
    for line in text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{reason="[a-z_]+"\})? [0-9.]+', line), line
    for name, (kind, _) in ABOUT.items():
        assert f"# TYPE restrike_relay_{name} {kind}\n" in text
    assert "restrike_relay_connections 7\n" in text
    assert "restrike_relay_passed_total 3\n" in text
    assert 'restrike_relay_refused_total{reason="bad_proof"} 2\n' in text
    assert "restrike_relay_throttled_seconds_total 1.500\n" in text
