#!/usr/bin/env python3
"""deploy_test.py SOURCE BUILD: telltaled under load, watched by a real prometheus and prometheus-alertmanager with the rules of
deploy/. Every expression of rules and dashboards answers; a killed server's alert reaches the alertmanager and goes again.

The copy of the rules that prometheus gets here has seconds where the original has minutes and hours.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import yaml

SOURCE, BUILD = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
# No data here: nothing was replayed before the crash, and no terminals report.
MAY_BE_EMPTY = {"instance:telltale_storage_replayed_frames:recent",
                "instance_protocol:telltale_terminal_refused_messages:ratio5m"}
# May fire here without a fault: days pass in seconds, and other programs may slow the machine down.
MAY_FIRE = {"TelltalePublisherBehind", "TelltalePublisherStands", "TelltaleLateFramesWait", "TelltaleDiskSlow",
            "TelltaleBatchesSlow", "TelltaleRequestsSlow"}

started = []
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this machine only


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(log, *command):
    process = subprocess.Popen([str(word) for word in command], stdout=log.open("w"), stderr=subprocess.STDOUT)
    started.append(process)
    return process


def stop_all():
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in started:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def get(url):
    with opener.open(url, timeout=5) as answer:
        return json.load(answer)


def wait_for(what, seconds, condition):
    give_up = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except OSError:
            value = None
        if value:
            return value
        if time.monotonic() > give_up:
            raise AssertionError(f"after {seconds} s not yet: {what}")
        time.sleep(0.2)


def shorten(text):
    """Windows of 10 s, offsets and `for` of 2 s."""
    text = re.sub(r"\[\d+[mhd]\]", "[10s]", text)
    text = re.sub(r"offset \d+[mhd]", "offset 2s", text)
    return re.sub(r"for: \d+[mhd]", "for: 2s", text)


def write_configuration(folder, targets, alertmanager_port):
    rules = SOURCE / "deploy/prometheus"
    for name in ("telltale.rules.yml", "telltale.alerts.yml"):
        (folder / name).write_text(shorten((rules / name).read_text()))
    config = yaml.safe_load((rules / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager_port}"]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = targets
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    config = yaml.safe_load((rules / "alertmanager.yml").read_text())
    for route in [config["route"], *config["route"]["routes"]]:
        route.update(group_wait="1s", group_interval="1s")
    for receiver in config["receivers"]:
        receiver["webhook_configs"] = []  # nobody is called
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))


def expressions():
    for name in ("telltale.rules.yml", "telltale.alerts.yml"):
        for group in yaml.safe_load((SOURCE / "deploy/prometheus" / name).read_text())["groups"]:
            for rule in group["rules"]:
                yield rule.get("record") or rule["alert"], rule["expr"], "record" in rule
    for path in sorted((SOURCE / "deploy/grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                # What is compared with 0, and alerts, may be empty when all is well.
                yield (f"{path.name}, {panel['title']}", target["expr"],
                       not target["expr"].endswith("> 0") and "ALERTS" not in target["expr"])


def test(folder):
    telltaled_ports = {"grpc": free_port(), "metrics": free_port(), "jt808": free_port()}
    server_command = [BUILD / "server/telltaled", "--listen", f"127.0.0.1:{telltaled_ports['grpc']}", "--metrics-listen",
                      f"127.0.0.1:{telltaled_ports['metrics']}", "--set", f"jt808.listen=127.0.0.1:{telltaled_ports['jt808']}",
                      "--set", "store.disk_free_bytes_min=0", "--data-dir", folder / "data"]
    target = f"127.0.0.1:{telltaled_ports['metrics']}"

    def serves():
        with opener.open(f"http://{target}/metrics", timeout=2) as answer:
            return answer.status == 200

    server = start(folder / "telltaled.log", *server_command, "--port-file", folder / "ports")
    wait_for("telltaled serves", 30, (folder / "ports").exists)
    alertmanager_port, prometheus_port = free_port(), free_port()
    write_configuration(folder, [target], alertmanager_port)
    start(folder / "alertmanager.log", "prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml",
          f"--storage.path={folder}/alertmanager", f"--web.listen-address=127.0.0.1:{alertmanager_port}",
          "--cluster.listen-address=")
    start(folder / "prometheus.log", "prometheus", f"--config.file={folder}/prometheus.yml",
          f"--storage.tsdb.path={folder}/prometheus", f"--web.listen-address=127.0.0.1:{prometheus_port}")
    prometheus = f"http://127.0.0.1:{prometheus_port}/api/v1"

    def query(expression):
        answer = get(f"{prometheus}/query?{urllib.parse.urlencode({'query': expression})}")
        return answer["data"]["result"]

    def firing():
        return {alert["labels"]["alertname"] for alert in get(f"{prometheus}/alerts")["data"]["alerts"]
                if alert["state"] == "firing"}

    def at_alertmanager():
        return {alert["labels"]["alertname"] for alert in get(f"http://127.0.0.1:{alertmanager_port}/api/v2/alerts?active=true")}

    wait_for("prometheus has the server's metrics", 30, lambda: query("telltale_vehicles"))
    load = start(folder / "load.log", BUILD / "bench/telltale-load", "--server", f"127.0.0.1:{telltaled_ports['grpc']}",
                 "--vehicles", "50", "--rate", "2000", "--duration", "40", "--reconnect-timeout", "0")
    calls = start(folder / "calls.log", "bash", "-c", 'while "$@" >/dev/null; do sleep 0.5; done', "calls",
                  BUILD / "cli/telltale", "--server", f"127.0.0.1:{telltaled_ports['grpc']}", "signals")
    wait_for("the rate of frames is recorded", 30,
             lambda: any(float(sample["value"][1]) > 0 for sample in query("instance:telltale_ingest_frames:rate5m")))
    time.sleep(3)  # a few scrapes under load

    failures = []
    unanswered = []
    for where, expression, has_data in expressions():
        for variable, value in (("$__rate_interval", "10s"), ("$job", "telltale"), ("$instance", ".*")):
            expression = expression.replace(variable, value)
        try:
            if not query(shorten(expression)) and has_data and where not in MAY_BE_EMPTY:
                unanswered.append((where, shorten(expression)))
        except OSError as error:
            failures.append(f"{where}: {error}: {expression}")
    for where, expression in unanswered:  # once more, as some came with the last scrape
        try:
            wait_for("data", 3, lambda e=expression: query(e))
        except AssertionError:
            failures.append(f"{where}: no data: {expression}")
    broken = [rule["name"] for group in get(f"{prometheus}/rules")["data"]["groups"] for rule in group["rules"]
              if rule["health"] == "err"]
    failures += [f"prometheus could not evaluate {name}" for name in broken]
    calls.kill()
    early = firing() - MAY_FIRE
    if early:
        failures.append(f"under ordinary load these fire: {', '.join(sorted(early))}")
    if failures:
        raise AssertionError("\n".join(failures))

    server.kill()
    server.wait()
    load.wait(20)
    wait_for("TelltaleDown fires", 20, lambda: "TelltaleDown" in firing())
    wait_for("TelltaleDown is at the alertmanager", 20, lambda: "TelltaleDown" in at_alertmanager())

    start(folder / "telltaled2.log", *server_command)
    wait_for("telltaled serves again", 30, serves)
    wait_for("TelltaleReplayed fires, as frames were replayed", 20, lambda: "TelltaleReplayed" in firing())
    wait_for("TelltaleDown is over", 20, lambda: "TelltaleDown" not in firing())
    wait_for("TelltaleDown is over at the alertmanager", 20, lambda: "TelltaleDown" not in at_alertmanager())


def main():
    missing = [program for program in ("prometheus", "prometheus-alertmanager") if not shutil.which(program)]
    if missing:
        sys.exit(f"FAILED: not installed: {', '.join(missing)}; ./dev test installs what it needs")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="telltale-", dir=os.environ.get("TMPDIR")))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    try:
        test(folder)
        print(f"passed in {time.monotonic() - began:.0f} s")
    except AssertionError as failure:
        print(f"FAILED: {failure}")
        for log in sorted(folder.glob("*.log")):
            print(f"-- {log.name}, its end:", *log.read_text().splitlines()[-5:], sep="\n")
        sys.exit(1)
    finally:
        stop_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
