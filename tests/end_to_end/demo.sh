#!/usr/bin/env bash
# demo.sh BUILD: real trucks and trips through a running server (with_server.sh), and what it makes of them. Every line
# comes from the client that a dealer would use; the recordings are described in tests/data/*/README.md.
set -euo pipefail

build=$1
data=$(cd "$(dirname "$0")/../data" && pwd)
summaries=$(mktemp)
trap 'rm -f "$summaries"' EXIT

telltale() { "$build/cli/telltale" "$@"; }
chapter() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# Shows a command as one would type it, then its answer.
ask() {
  printf '\n\033[2m$ telltale %s\033[0m\n' "$*"
  telltale "$@"
}
# import VIN FILE [START]: START for recordings that have only seconds from their start.
# The column `tod`, the local time of day, is what START says.
import() {
  local file=$2
  [[ $file == /* ]] || file=$data/$file
  telltale import "$file" --vin "$1" ${3:+--start-time "$3"} 2>&1 |
    grep -v 'no signal takes these columns: tod$' | tee -a "$summaries"
}
if [[ ! -t 1 || -n ${NO_COLOR:-} ]]; then # no styles in a file
  chapter() { printf '\n%s\n' "$*"; }
  ask() { printf '\n$ telltale %s\n' "$*" && telltale "$@"; }
fi

kenworth=1XKTESTDATA000001 highway=1XKTESTDATA000002 keyon=1XKTESTDATA000003
isuzu=JALTESTDATA000004 tractor=WAMTESTDATA000005 car=WVWTESTDATA000006 dyno=1FATESTDATA000007

chapter "A fleet: $(telltale signals | tail -1) can be measured; seven vehicles are registered"
{
  telltale vehicles add $kenworth --name "Kenworth, cold start" --class heavy-truck --fuel diesel --displacement 12.9
  telltale vehicles add $highway --name "Long haul" --class heavy-truck --fuel diesel
  telltale vehicles add $keyon --name "Truck in the workshop" --class heavy-truck --fuel diesel
  telltale vehicles add $isuzu --name "Isuzu, city delivery" --class medium-truck --fuel diesel
  telltale vehicles add $tractor --name "Tractor" --class machine --fuel diesel
  telltale vehicles add $car --name "Sales car" --class car --fuel diesel
  telltale vehicles add $dyno --name "Car on the dynamometer" --class car --fuel petrol
} >/dev/null

chapter "The Kenworth starts in the cold; this is what the service shop sees 15 seconds later"
coldstart=$data/canlogs/truck_coldstart_2013.log
awk -F '[(.]' 'NR == 1 { start = $2 } $2 < start + 15' "$coldstart" | telltale import - --vin $kenworth >/dev/null
ask faults $kenworth --active

chapter "All recordings come in over gRPC, each checked, stored and synced before it is acknowledged"
echo
import $kenworth canlogs/truck_coldstart_2013.log
import $keyon canlogs/key_on_dm1_2021.log
import $tractor canlogs/fleet_gateway_tp_2021.log
import $isuzu trips/truck_isuzu_a.5hz.csv 2026-03-02T07:00:00Z
import $highway trips/truck_longhaul_cycle_a.1hz.csv 2026-03-02T04:00:00Z
import $dyno trips/dyno_61811011.csv 2026-03-03T09:00:00Z
# The date stands in the name, the local time of day (Germany) in the first row.
# Ten minutes of the first drive stay in the terminal for now: it was in a tunnel.
late=$(mktemp) && trap 'rm -f "$summaries" "$late"' EXIT
tunnel='$1 >= 1200 && $1 < 1800'
awk -F, "NR > 1 && $tunnel { next } { print }" "$data/trips/car_2017-07-05_RT_S_Stau.1hz.csv" >"$late"
import $car "$late" 2017-07-05T07:16:30+02:00
import $car trips/car_2017-07-06_KA_KA_Normal.1hz.csv 2017-07-06T08:37:58+02:00
import $car trips/car_2017-07-11_KA_KA_Stau.1hz.csv 2017-07-11T08:24:29+02:00
import $car trips/car_2017-08-10_S_RT_Frei.1hz.csv 2017-08-10T19:04:23+02:00
import $car trips/car_2018-02-17_BB_RT_Normal_Glatteis.1hz.csv 2018-02-17T14:15:47+01:00
import $car trips/car_2018-02-23_RT_RT_Frei_Beschleunigung.1hz.csv 2018-02-23T17:58:02+01:00
import $car trips/car_2018-02-28_S_RT_Normal.1hz.csv 2018-02-28T16:51:45+01:00
import $car trips/car_2018-03-26_S_RT_Stau.1hz.csv 2018-03-26T18:06:33+02:00

ask vehicles list

chapter "The service shop: the code went by itself, so it is one that comes and goes"
ask faults $kenworth
ask latest $kenworth engine_speed engine_oil_pressure_1 engine_coolant_temperature engine_fuel_rate battery_potential

chapter "The driver: how do I drive, and what should I change?"
ask trips $car
ask advice driver $car

chapter "The owner: where does the fuel go?"
ask advice fuel $isuzu
ask advice fuel $dyno
ask trips $highway

chapter "Ten minutes that a tunnel held back come in late: their day, which was over, is restated, and the ledger says so"
ask changes $car
awk -F, "NR == 1 || $tunnel { print }" "$data/trips/car_2017-07-05_RT_S_Stau.1hz.csv" >"$late"
import $car "$late" 2017-07-05T07:16:30+02:00 >/dev/null
ask changes $car
ask drivers assign $car D-4711 --from 2018-02-20
ask rollup $car --period month --time-zone Europe/Berlin --by-driver
ask gaps $car --from 2017-07-01 --to 2017-07-12

# "name: 78,582 lines, 1,266 frames, 265,860 samples (...) ... in 0.9 s, 4.4 MB/s"
awk -v ready_s="$SECONDS" '
  { gsub(",", ""); for (i = 2; i <= NF; ++i) {
      if ($i == "frames") frames += $(i - 1)
      if ($i == "samples") samples += $(i - 1)
      if ($i == "s" && $(i - 2) == "in") import_s += $(i - 1) } }
  END { printf "\nTotal: %.0f frames with %.0f samples from %d recordings, imported in %.1f s; the whole story took %d s.\n",
               frames, samples, NR, import_s, ready_s }' "$summaries"
