"""The metrics that the guide lists."""

import re

from tests.architecture.sources import ROOT


def documented_metrics() -> dict[str, set[str]]:
    """Return the labels of each metric."""
    guide = (ROOT / "docs/production/monitoring.md").read_text()
    return {
        name: set(re.findall(r"`(\w+)`", labels))
        for names, labels in re.findall(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| ([^|]*) ?\|", guide, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
