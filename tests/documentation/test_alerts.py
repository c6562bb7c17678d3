"""The alert rules use metrics and labels that the guide lists. The workflow runs promtool on them."""

import re
from typing import Any, Final

import pytest
import yaml

from tests.architecture.sources import ROOT
from tests.documentation.metrics import documented_metrics

(GROUP,) = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())["groups"]
RULES: Final[list[dict[str, Any]]] = GROUP["rules"]
METRICS: Final = documented_metrics() | {"up": set()}
TARGET: Final = {"job"}  # Prometheus adds it to the metrics of a target


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_uses_documented_metrics_and_explains_itself(rule: dict[str, Any]) -> None:
    used = re.findall(r"\b((?:http|process|task_manager)_\w+|up)\b(?:\{(.*?)\})?", rule["expr"])

    assert used
    for name, matchers in used:
        labels = set(re.findall(r"(\w+)(?:=~|!=|=)", matchers))
        assert labels <= METRICS[name.removesuffix("_bucket")] | TARGET, name
        assert name.startswith("task_manager_") or "job" in labels, "other services have metrics of this name"
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}


def test_each_alert_is_tested() -> None:
    tests = yaml.safe_load((ROOT / "deploy/alerts_test.yml").read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]

    assert {case["alertname"] for case in cases if case["exp_alerts"]} == {rule["alert"] for rule in RULES}


def test_runbooks_are_headings_of_the_guide() -> None:
    for rule in RULES:
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert anchor in {
            heading.lower() for heading in re.findall(r"^## (\w+)$", (ROOT / file).read_text(), re.MULTILINE)
        }


def test_numbers_of_the_database_are_not_summed() -> None:
    for rule in RULES:
        assert not re.search(r"sum[^(]*\((?:rate\()?task_manager_jobs", rule["expr"])
