#!/usr/bin/env bash
# gateways.sh BUILD COUNT [OPTION...]: terminals through so many gateways, 15,000 each, on this machine; the options are
# telltale-load's. A generator for each gateway, all at once; then what server and gateways took.
set -euo pipefail

build=$1
count=$2
shift 2
terminals_each=15000  # a process may have 20,000 files on many systems

if [[ -z ${TELLTALE_SERVER:-} ]]; then
  TELLTALED_SETTINGS="server.relays_allowed=true jt808.connections_max=$((count * terminals_each))" \
    exec tests/end_to_end/with_server.sh "$build" "$0" "$build" "$count" "$@"
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/telltale-XXXXXX")
gateways=()
loads=()
end() {
  for pid in "${loads[@]}" "${gateways[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$folder"
}
trap end EXIT

for ((i = 0; i < count; ++i)); do
  "$build/server/telltaled" --role gateway --set "gateway.upstream=$TELLTALE_SERVER" --set jt808.listen=127.0.0.1:0 \
    --metrics-listen 127.0.0.1:0 --port-file "$folder/ports$i" 2>"$folder/gateway$i.log" &
  gateways+=($!)
done
for ((i = 0; i < count; ++i)); do
  give_up=$((SECONDS + 30))
  until [[ -e $folder/ports$i ]]; do
    if ((SECONDS > give_up)); then
      echo "gateway $i did not start; it says:" >&2
      cat "$folder/gateway$i.log" >&2
      exit 1
    fi
    sleep 0.05
  done
  "$build/bench/telltale-load" --protocol jt808 --server "$TELLTALE_SERVER" --connections "$terminals_each" --no-echo \
    --first-terminal $((i * terminals_each)) --terminals "127.0.0.1:$(sed -n 's/^jt808=//p' "$folder/ports$i")" "$@" \
    >"$folder/load$i" &
  loads+=($!)
done

# The most connections that were there at once, while the generators run.
connections() {
  curl --silent --noproxy '*' "http://$TELLTALE_METRICS/metrics" |
    sed -n 's/^telltale_terminal_connections{protocol="jt808"} //p'
}
most=0
while [[ -n $(jobs -r | grep telltale-load) ]]; do
  now=$(connections)
  ((${now%.*} <= most)) || most=${now%.*}
  sleep 0.5
done
status=0
for ((i = 0; i < count; ++i)); do
  wait "${loads[$i]}" || status=1
  echo "== gateway $((i + 1))"
  cat "$folder/load$i"
done
loads=()
echo "== together"
echo "$most terminals connected to the server at once"
seconds_of() { awk -v hz="$(getconf CLK_TCK)" '{ printf "%.1f", ($14 + $15) / hz }' "/proc/$1/stat"; }
kilobytes_of() { sed -n 's/^VmHWM:[[:space:]]*//p' "/proc/$1/status"; }
echo "server: $(seconds_of "$TELLTALE_SERVER_PID") s CPU, $(kilobytes_of "$TELLTALE_SERVER_PID") at most"
for pid in "${gateways[@]}"; do echo "gateway: $(seconds_of "$pid") s CPU, $(kilobytes_of "$pid") at most"; done
exit "$status"
