#!/usr/bin/env python3
"""Writes dashboards/*.json for Grafana. `dashboards.py --check` only says which are not up to date.

A panel is (title, unit, [(expression, legend), ...]); a row of the screen has three.
"""

import json
import pathlib
import sys

SERVER = 'job="$job", instance=~"$instance"'


def of(metric, labels="", window=""):
    """A metric of the chosen servers."""
    return f"{metric}{{{SERVER}{', ' + labels if labels else ''}}}{window}"


def rate(metric, labels=""):
    return f"rate({of(metric, labels, '[$__rate_interval]')})"


def increase(metric, labels=""):
    return f"increase({of(metric, labels, '[1h]')})"


def percentiles(metric):
    buckets = rate(f"{metric}_bucket")
    return [(f"histogram_quantile({q}, sum by (instance, le) ({buckets}))", f"{{{{instance}}}} p{int(100 * q)}")
            for q in (0.5, 0.9, 0.99)]


INSTANCE = "{{instance}}"
REASON = "{{instance}} {{reason}}"
SERVICE = "{{instance}} {{service}}"
PROTOCOL = "{{instance}} {{protocol}}"

DASHBOARDS = {
    "operator": ("Telltale: operator", [
        ("Alerts", "short", [('sum by (alertname, severity) (ALERTS{alertstate="firing", alertname=~"Telltale.*"})',
                              "{{severity}} {{alertname}}")]),
        ("There", "short", [(f"up{{{SERVER}}}", INSTANCE)]),
        ("The disk takes writes", "short", [(of("telltale_storage_writable"), INSTANCE)]),
        ("Frames", "cps", [(of("instance:telltale_ingest_frames:rate5m"), INSTANCE)]),
        ("Refused, of what arrives", "percentunit",
         [(of("instance_reason:telltale_ingest_refused:ratio5m") + " > 0", REASON)]),
        ("Batch answered after, p99", "s", [(of("instance:telltale_ingest_batch_seconds:p99_5m"), INSTANCE)]),
        ("Calls", "reqps", [(of("instance_service:telltale_grpc_requests:rate5m"), SERVICE)]),
        ("Calls that the server failed", "percentunit",
         [(of("instance_service:telltale_grpc_request_errors:ratio5m"), SERVICE)]),
        ("Call answered after, p99", "s", [(of("instance_service:telltale_grpc_request_seconds:p99_5m"), SERVICE)]),
        ("Telemetry on disk", "bytes", [(of("telltale_storage_size_bytes"), INSTANCE)]),
        ("Calls refused", "reqps", [(of("instance_reason:telltale_access_refused_calls:rate5m"), REASON)]),
        ("Versions", "short", [(f"count by (version) ({of('telltale_build_info')})", "{{version}}")]),
    ]),
    "ingest": ("Telltale: ingest", [
        ("Frames", "cps", [(rate("telltale_ingest_frames_total"), INSTANCE)]),
        ("Samples", "cps", [(rate("telltale_ingest_samples_total"), INSTANCE)]),
        ("Received", "Bps", [(rate("telltale_ingest_received_bytes_total"), INSTANCE)]),
        ("Batch answered after", "s", percentiles("telltale_ingest_batch_seconds")),
        ("Batches", "cps", [(rate("telltale_ingest_batches_total"), INSTANCE),
                            (rate("telltale_ingest_failed_batches_total"), INSTANCE + " not written")]),
        ("Open streams", "short", [(of("telltale_ingest_streams"), INSTANCE)]),
        ("Refused", "cps", [(rate("telltale_ingest_refused_total") + " > 0", REASON)]),
        ("Sent again", "cps", [(rate("telltale_ingest_repeated_frames_total"), INSTANCE + " unchanged"),
                               (rate("telltale_ingest_changed_frames_total"), INSTANCE + " changed")]),
        ("Streams that ended badly, in an hour", "short",
         [(increase("telltale_ingest_broken_streams_total"), INSTANCE + " broken"),
          (increase("telltale_ingest_limited_streams_total"), INSTANCE + " sent too much")]),
        ("Trouble code reports", "cps", [(rate("telltale_ingest_fault_reports_total"), INSTANCE)]),
    ]),
    "store": ("Telltale: store", [
        ("Group commit, sync included", "s", percentiles("telltale_storage_commit_seconds")),
        ("Group commits", "cps", [(of("instance:telltale_storage_commits:rate5m"), INSTANCE)]),
        ("The disk takes writes", "short", [(of("telltale_storage_writable"), INSTANCE)]),
        ("Telemetry on disk", "bytes", [(of("telltale_storage_size_bytes"), INSTANCE)]),
        ("Growth in a day, by the last 6 hours", "bytes",
         [(of("instance:telltale_storage_size_bytes:deriv6h") + " * 86400", INSTANCE)]),
        ("Journal not yet trimmed", "bytes", [(of("telltale_storage_journal_bytes"), INSTANCE)]),
        ("Frames in memory", "short", [(of("telltale_storage_head_frames"), INSTANCE)]),
        ("Blocks sealed", "cps", [(rate("telltale_storage_blocks_total"), INSTANCE)]),
        ("Replayed at the start", "short",
         [(of("telltale_storage_replayed_frames"), INSTANCE + " frames"),
          (of("telltale_storage_replay_lost_frames"), INSTANCE + " frames lost"),
          (of("telltale_storage_replay_damaged_places"), INSTANCE + " damaged places")]),
    ]),
    "fleet": ("Telltale: fleet", [
        ("Vehicles", "short", [(of("telltale_vehicles"), INSTANCE)]),
        ("Terminals connected", "short", [(of("telltale_terminal_connections"), PROTOCOL)]),
        ("Connections taken", "cps", [(rate("telltale_terminal_accepted_connections_total"), PROTOCOL)]),
        ("Messages of terminals", "cps", [(rate("telltale_terminal_messages_total"), PROTOCOL)]),
        ("Received from terminals", "Bps", [(rate("telltale_terminal_received_bytes_total"), PROTOCOL)]),
        ("Messages refused, in an hour", "short",
         [(increase("telltale_terminal_refused_messages_total") + " > 0", PROTOCOL + " {{reason}}")]),
        ("Connections closed by the server, in an hour", "short",
         [(increase("telltale_terminal_closed_connections_total") + " > 0", PROTOCOL + " {{reason}}")]),
        ("Vehicle-days, in an hour", "short",
         [(increase("telltale_advice_days_published_total"), INSTANCE + " published"),
          (increase("telltale_advice_days_refolded_total"), INSTANCE + " folded again"),
          (increase("telltale_advice_days_restated_total"), INSTANCE + " restated")]),
        ("Vehicles that wait", "short",
         [(of("telltale_advice_publish_backlog_vehicles"), INSTANCE + " for the publisher"),
          (of("telltale_advice_marked_vehicles"), INSTANCE + " with late frames")]),
        ("Asked for without a grant, in an hour", "short",
         [(increase("telltale_access_unseen_vehicles_total"), INSTANCE)]),
    ]),
}


def panel(index, title, unit, targets):
    return {
        "id": index + 1,
        "type": "timeseries",
        "title": title,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"x": 8 * (index % 3), "y": 8 * (index // 3), "w": 8, "h": 8},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": chr(ord("A") + i), "expr": expr, "legendFormat": legend}
                    for i, (expr, legend) in enumerate(targets)],
    }


def variable(name, query, many):
    return {"name": name, "type": "query", "query": query, "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "refresh": 2, "includeAll": many, "multi": many, "allValue": ".*" if many else None,
            "current": {"text": "All", "value": "$__all"} if many else {"text": "telltale", "value": "telltale"}}


def dashboard(name, title, panels):
    return {
        "uid": f"telltale-{name}",
        "title": title,
        "tags": ["telltale"],
        "schemaVersion": 37,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "utc",
        "links": [{"type": "dashboards", "title": "Telltale", "tags": ["telltale"], "asDropdown": True}],
        "templating": {"list": [
            {"name": "datasource", "type": "datasource", "query": "prometheus"},
            variable("job", "label_values(telltale_build_info, job)", False),
            variable("instance", 'label_values(telltale_build_info{job="$job"}, instance)', True),
        ]},
        "panels": [panel(i, *p) for i, p in enumerate(panels)],
    }


def main():
    folder = pathlib.Path(__file__).parent / "dashboards"
    stale = []
    for name, (title, panels) in DASHBOARDS.items():
        path = folder / f"{name}.json"
        text = json.dumps(dashboard(name, title, panels), indent=1) + "\n"
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path.name)
    stale += [path.name for path in folder.glob("*.json") if path.stem not in DASHBOARDS]
    if stale:
        sys.exit(f"not what deploy/grafana/dashboards.py writes, run it: {', '.join(sorted(stale))}")


if __name__ == "__main__":
    main()
