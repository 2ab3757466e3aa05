#!/usr/bin/env bash
# with_server.sh BUILD COMMAND...: runs a command beside a telltaled of its own, on free ports and an empty data folder.
# The command finds it by TELLTALE_SERVER, TELLTALE_METRICS, TELLTALE_JT808,
# TELLTALE_GB32960 (each HOST:PORT) and TELLTALE_SERVER_PID; TELLTALED_SETTINGS are settings of it, KEY=VALUE words. Afterwards
# the server is stopped as an operator would, with SIGTERM, and its folder is removed.
set -euo pipefail

telltaled=$1/server/telltaled
shift
folder=$(mktemp -d "${TMPDIR:-/tmp}/telltale-XXXXXX")
trap 'rm -rf "$folder"' EXIT

settings=()
for setting in ${TELLTALED_SETTINGS:-}; do settings+=(--set "$setting"); done
"$telltaled" --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --set jt808.listen=127.0.0.1:0 --set gb32960.listen=127.0.0.1:0 \
  --data-dir "$folder/data" --port-file "$folder/ports" "${settings[@]}" 2>"$folder/log" &
pid=$!
trap 'kill -KILL "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT

give_up=$((SECONDS + 30))
until [[ -e $folder/ports ]]; do
  if ! kill -0 "$pid" 2>/dev/null || ((SECONDS > give_up)); then
    echo "telltaled did not start; it says:" >&2
    cat "$folder/log" >&2
    exit 1
  fi
  sleep 0.05
done
TELLTALE_SERVER=127.0.0.1:$(sed -n 's/^grpc=//p' "$folder/ports")
TELLTALE_JT808=127.0.0.1:$(sed -n 's/^jt808=//p' "$folder/ports")
TELLTALE_GB32960=127.0.0.1:$(sed -n 's/^gb32960=//p' "$folder/ports")
TELLTALE_METRICS=127.0.0.1:$(sed -n 's/^metrics=//p' "$folder/ports")
export TELLTALE_SERVER TELLTALE_METRICS TELLTALE_JT808 TELLTALE_GB32960 TELLTALE_SERVER_PID=$pid

status=0
"$@" || status=$?

kill -TERM "$pid"
if ! wait "$pid"; then
  echo "telltaled did not stop cleanly; it says:" >&2
  tail -20 "$folder/log" >&2
  status=1
fi
exit "$status"
