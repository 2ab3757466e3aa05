#!/usr/bin/env bash
# service_test.sh SOURCE BUILD: the service unit is hardened, its command is one that telltaled takes, and its limits fit telltaled's.
set -uo pipefail

unit=$1/deploy/systemd/telltaled.service
telltaled=$2/server/telltaled
folder=$(mktemp -d "${TMPDIR:-/tmp}/telltale-XXXXXX")
trap 'rm -rf "$folder"' EXIT
status=0
wrong() {
  printf 'FAILED: %s\n' "$*"
  status=1
}

# systemd wants the program and the user to be there; ours is elsewhere.
sed "s#/usr/bin/telltaled#$telltaled#" "$unit" >"$folder/telltaled.service"
verdict=$(systemd-analyze verify --man=no "$folder/telltaled.service" 2>&1 | grep -F "$folder")
[[ -z $verdict ]] || wrong "systemd-analyze verify says: $verdict"

# The threshold is in tenths: 2.0.
exposure=$(systemd-analyze security --offline=true --threshold=20 --no-pager "$folder/telltaled.service" 2>&1) ||
  wrong "the exposure is above 2.0; these count most:
$(grep -F '✗' <<<"$exposure" | head -20)"
tail -1 <<<"$exposure"

# What it runs, without the folders of an installed system.
"$telltaled" --print-config >"$folder/telltaled.yaml"
for key in ExecStartPre ExecStart; do
  command=$(sed -n "s#^$key=/usr/bin/telltaled ##p" "$unit")
  read -ra words <<<"${command//\/etc\/telltale/$folder}"
  "$telltaled" "${words[@]}" --check-config >"$folder/out" 2>&1 || wrong "$key: $(cat "$folder/out")"
done

value() { sed -n "s/^$1=//p" "$unit"; }
setting() { sed -n "s/^  $1: //p" "$folder/telltaled.yaml"; }
(($(value TimeoutStopSec) >= 3 * $(setting drain_timeout_s))) ||
  wrong "TimeoutStopSec=$(value TimeoutStopSec) leaves nothing after server.drain_timeout_s=$(setting drain_timeout_s)"
files=$(($(setting streams_max) + $(setting open_files_max) + $(setting connections_max | paste -sd+)))
(($(value LimitNOFILE) >= files)) || wrong "LimitNOFILE=$(value LimitNOFILE) is below what the settings allow, $files"
# Until telltaled tells systemd that it is well, a watchdog would kill it.
[[ -z $(value WatchdogSec) ]] || wrong "WatchdogSec is set, and telltaled does not notify"
exit $status
