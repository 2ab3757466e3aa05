#!/usr/bin/env bash
# peers.sh BUILD [VEHICLES] [FRAMES]: the same frames in Telltale's store, VictoriaMetrics and ClickHouse: bytes on disk when
# all is merged, and the processor time that they took for it: Telltale's store's threads, without gRPC; the others' servers,
# which also parse. Wants Debian's victoria-metrics, clickhouse-server, clickhouse-client, curl and python3; starts the
# servers itself, on ports of this machine only and in a temporary folder.
set -euo pipefail

build=$1 vehicles=${2:-100} frames=${3:-720}
folder=$(mktemp -d "${TMPDIR:-/tmp}/telltale-peers-XXXXXX")
pid=
trap '[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT

frames_as() { "$build/bench/peer_frames" --vehicles "$vehicles" --frames "$frames" --parked-share "$parked" --format "$1"; }
bytes_of() { du -sb "$1" | cut -f1; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
cpu_of() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hz }' "/proc/$1/stat"; }

# until_answers URL LOG: waits for the server that was just started.
until_answers() {
  local give_up=$((SECONDS + 30))
  until curl -sf -o "$folder/answer" "$1"; do
    if ! kill -0 "$pid" 2>/dev/null || ((SECONDS > give_up)); then
      printf 'It did not start; it says:\n' >&2
      tail -20 "$2" >&2
      exit 1
    fi
    sleep 0.2
  done
}

stop() {
  kill -INT "$pid"
  wait "$pid" || true
  pid=
}

# row STORE BYTES CPU: relative to the values that are there, and to the first store.
row() {
  [[ -n ${first_bytes:-} ]] || first_bytes=$2
  awk -v store="$1" -v bytes="$2" -v cpu="$3" -v all="$samples" -v there="$values" -v first="$first_bytes" 'BEGIN {
    printf "%-34s %12d %8.3f %8.3f %8.2f %8s\n", store, bytes, bytes / all, bytes / there, bytes / first, cpu }'
}

victoria_metrics() {
  local port stored
  port=$(free_port)
  victoria-metrics -storageDataPath="$folder/vm" -httpListenAddr="127.0.0.1:$port" -retentionPeriod=100y \
    -search.maxUniqueTimeseries=10000000 >"$folder/vm.log" 2>&1 &
  pid=$!
  until_answers "http://127.0.0.1:$port/health" "$folder/vm.log"
  frames_as victoria-metrics | curl -sf -T - -X POST "http://127.0.0.1:$port/api/v1/import"
  curl -sf "http://127.0.0.1:$port/internal/force_flush"
  stored=$(curl -sf "http://127.0.0.1:$port/metrics" | awk '/^vm_rows_inserted_total/ { sum += $2 } END { printf "%d", sum }')
  [[ $stored == "$values" ]] || printf 'VictoriaMetrics took %s values of %s\n' "$stored" "$values"
  curl -sf "http://127.0.0.1:$port/internal/force_merge"
  sleep 5
  until curl -sf "http://127.0.0.1:$port/metrics" | awk '/^vm_active_(force_)?merges/ { sum += $2 } END { exit sum > 0 }'; do
    sleep 1
  done
  local cpu
  cpu=$(cpu_of "$pid")
  stop
  row "VictoriaMetrics" "$(bytes_of "$folder/vm/data")" "$cpu"
  row "VictoriaMetrics with its index" "$(bytes_of "$folder/vm")" ""
  rm -rf "$folder/vm"
}

# clickhouse METHOD
clickhouse() {
  local http tcp stored cpu
  http=$(free_port) tcp=$(free_port)
  mkdir -p "$folder/ch"
  cat >"$folder/ch/users.xml" <<END
<yandex><profiles><default><max_memory_usage>4000000000</max_memory_usage></default></profiles>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
</default></users><quotas><default></default></quotas></yandex>
END
  cat >"$folder/ch/config.xml" <<END
<yandex><logger><level>warning</level><log>$folder/ch/log</log><errorlog>$folder/ch/errors</errorlog></logger>
<http_port>$http</http_port><tcp_port>$tcp</tcp_port><listen_host>127.0.0.1</listen_host><path>$folder/ch/data/</path>
<tmp_path>$folder/ch/tmp/</tmp_path><users_config>$folder/ch/users.xml</users_config><default_profile>default</default_profile>
<default_database>default</default_database><mark_cache_size>100000000</mark_cache_size>
<compression><case><min_part_size>0</min_part_size><min_part_size_ratio>0</min_part_size_ratio><method>$1</method></case></compression>
</yandex>
END
  clickhouse-server --config-file="$folder/ch/config.xml" >"$folder/ch/out" 2>&1 &
  pid=$!
  until_answers "http://127.0.0.1:$http/ping" "$folder/ch/out"
  frames_as clickhouse-table | curl -sf --data-binary @- "http://127.0.0.1:$http/"
  frames_as clickhouse | curl -sf -T - -X POST "http://127.0.0.1:$http/?query=INSERT%20INTO%20frames%20FORMAT%20RowBinary"
  curl -sf --data-binary "OPTIMIZE TABLE frames FINAL" "http://127.0.0.1:$http/"
  stored=$(curl -sf --data-binary "SELECT count() FROM frames" "http://127.0.0.1:$http/")
  [[ $stored == $((vehicles * frames)) ]] || printf 'ClickHouse has %s frames of %s\n' "$stored" $((vehicles * frames))
  local bytes
  bytes=$(curl -sf --data-binary "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'frames'" \
    "http://127.0.0.1:$http/")
  cpu=$(cpu_of "$pid")
  stop
  row "ClickHouse, $1" "$bytes" "$cpu"
  rm -rf "$folder/ch"
}

for parked in 0 1; do
  samples=$((vehicles * frames * 420)) values=$(frames_as count) first_bytes=
  printf '\n%s vehicles, %s frames each, 10 s apart, %s; %s samples, of which %s are values\n' "$vehicles" "$frames" \
    "$( ((parked)) && echo parked || echo driving)" "$samples" "$values"
  printf '%-34s %12s %8s %8s %8s %8s\n' store bytes /sample /value ratio "CPU s"
  "$build/bench/storage_bench" --folder "$folder/telltale" --only size --size-vehicles "$vehicles" --size-frames "$frames" \
    --parked-share "$parked" --bytes-file "$folder/bytes" >"$folder/telltale.log"
  read -r bytes cpu <"$folder/bytes"
  row "Telltale" "$bytes" "$cpu"
  victoria_metrics
  clickhouse lz4
  clickhouse zstd
done
