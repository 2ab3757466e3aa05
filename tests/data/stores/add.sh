#!/usr/bin/env bash
# add.sh BUILD NAME: the folder NAME here becomes a data folder as the programs of BUILD leave it: one recording archived
# and, after a kill -9, one in the journal. README.md wants a row for it, and tests/storage/format_version_test.cc its name.
set -euo pipefail

build=$(realpath "$1") here=$(cd "$(dirname "$0")" && pwd)
target=$here/$2 logs=$here/../canlogs
[[ ! -e $target ]] || { echo "$target is there; no folder is ever changed" >&2; exit 1; }
folder=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT

# until_true WHAT COMMAND...: at most half a minute.
until_true() {
  local give_up=$((SECONDS + 30))
  until "${@:2}"; do
    if ((SECONDS > give_up)) || ! kill -0 "$pid"; then
      echo "$1: waited in vain; the server says:" >&2
      tail -5 "$folder/log" >&2
      exit 1
    fi
    sleep 0.1
  done
}

# start SECONDS: between two looks for days to archive.
start() {
  rm -f "$folder/ports"
  "$build/server/telltaled" --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --data-dir "$folder/data" \
    --port-file "$folder/ports" --set store.archive_period_s="$1" 2>"$folder/log" &
  pid=$!
  until_true "start" test -e "$folder/ports"
  TELLTALE_SERVER=127.0.0.1:$(sed -n 's/^grpc=//p' "$folder/ports")
  export TELLTALE_SERVER
}

stop() {
  kill "-$1" "$pid"
  { wait "$pid" || true; } 2>"$folder/killed"
  pid=
}

start 0
for vin in 1XKTESTDATA000001 1XKTESTDATA000002; do "$build/cli/telltale" vehicles add $vin >"$folder/added"; done
"$build/cli/telltale" import "$logs/key_on_dm1_2021.log" --vin 1XKTESTDATA000001
stop TERM # which seals it
start 1
until_true "archiving" grep -q "archived day=" "$folder/log"
stop TERM
start 0
"$build/cli/telltale" import "$logs/fleet_gateway_tp_2021.log" --vin 1XKTESTDATA000002
stop KILL
find "$folder/data" \( -name 'LOG*' -o -name 'OPTIONS*' -o -name LOCK -o -empty -type f \) -delete
cp -r "$folder/data" "$target"
