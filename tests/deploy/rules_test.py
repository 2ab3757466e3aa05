#!/usr/bin/env python3
"""rules_test.py SOURCE: rules and dashboards are sound, and name only metrics that docs/metrics.md has; each alert has a
test in which it fires and one in which it does not, and a row in docs/operations.md."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

SOURCE = pathlib.Path(sys.argv[1])
PROMETHEUS = SOURCE / "deploy/prometheus"
GRAFANA = SOURCE / "deploy/grafana"
failures = []
missing = [program for program in ("promtool", "amtool") if not shutil.which(program)]
if missing:
    sys.exit(f"FAILED: not installed: {', '.join(missing)}; ./dev test installs what it needs")


def expect(condition, message):
    if not condition:
        failures.append(message)


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    expect(done.returncode == 0, f"{' '.join(str(word) for word in command)}:\n{done.stdout}")


def rules_of(name):
    return [rule for group in yaml.safe_load((PROMETHEUS / name).read_text())["groups"] for rule in group["rules"]]


records = rules_of("telltale.rules.yml")
alerts = rules_of("telltale.alerts.yml")
tests = sorted(PROMETHEUS.glob("tests/*.yml"))

run("promtool", "check", "config", PROMETHEUS / "prometheus.yml")
run("promtool", "test", "rules", *tests)
run("amtool", "check-config", PROMETHEUS / "alertmanager.yml")
run(sys.executable, GRAFANA / "dashboards.py", "--check")
yaml.safe_load((GRAFANA / "provisioning.yaml").read_text())

# Every metric that an expression names.
documented = set(re.findall(r"^\| `(telltale_\w+)`", (SOURCE / "docs/metrics.md").read_text(), re.M))
expect(documented, "docs/metrics.md: no metrics found")
known = documented | {rule["record"] for rule in records}
known |= {f"{name}_{part}" for name in documented if name.endswith("_seconds") for part in ("bucket", "sum", "count")}
expressions = [(rule.get("record") or rule["alert"], rule["expr"]) for rule in records + alerts]
for path in sorted(GRAFANA.glob("dashboards/*.json")):
    for panel in json.loads(path.read_text())["panels"]:
        expressions += [(f"{path.name}, {panel['title']}", target["expr"]) for target in panel["targets"]]
for where, expression in expressions:
    for name in re.findall(r"(?<![\w:$\"])(?:\w+:)?telltale_\w+(?::\w+)?", expression):
        expect(name in known, f"{where}: {name} is neither in docs/metrics.md nor a recording rule")

# Every alert.
fires, keeps_quiet = set(), set()
for path in tests:
    for test in yaml.safe_load(path.read_text())["tests"]:
        fired = re.findall(r'alertname="(\w+)"', str([e["exp_samples"] for e in test["promql_expr_test"]]))
        fires.update(fired)
        if any('instance="well"' in series["series"] for series in test["input_series"]):
            keeps_quiet.add(test["name"].split(",")[0])
operations = (SOURCE / "docs/operations.md").read_text()
for alert in alerts:
    name = alert["alert"]
    expect(name in fires, f"{name}: no test in which it fires")
    expect(name in keeps_quiet, f"{name}: no test with an instance that is well")
    expect(alert["labels"]["severity"] in ("critical", "warning"), f"{name}: severity")
    for key in ("summary", "description", "runbook"):
        expect(alert["annotations"].get(key), f"{name}: no {key}")
    expect(re.search(rf"^\| `{name}`", operations, re.M), f"{name}: no row in docs/operations.md")
for name in re.findall(r"^\| `(Telltale\w+)`", operations, re.M):
    expect(name in {alert["alert"] for alert in alerts}, f"docs/operations.md: there is no alert {name}")

for failure in failures:
    print(f"FAILED: {failure}")
print(f"{len(records)} recording rules, {len(alerts)} alerts, {len(expressions)} expressions: {len(failures)} failures")
sys.exit(bool(failures))
