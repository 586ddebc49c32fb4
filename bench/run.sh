#!/bin/sh
# Runs every benchmark in turns, so that a busy minute on the machine hits all of them, and prints the table of all
# rounds: medians, lowest and highest. The table is kept as BUILD/bench.json.
#
#   bench/run.sh BUILD [ROUNDS] [PROGRAM ...]     PROGRAM: durable_calls core actors journal backtest idle ready
set -eu

build=${1:?usage: bench/run.sh BUILD [ROUNDS] [PROGRAM ...]}
rounds=${2:-5}
if [ $# -gt 2 ]; then
  shift 2
  programs=$*
else
  programs="durable_calls core actors journal backtest idle ready"
fi

folder=$build/bench-data
lines=$folder/lines
mkdir -p "$folder"
: > "$lines"

run() {
  case $1 in
    durable_calls) "$build/bench/bench_durable_calls" "$build/heed" "$build/bench/bench_floor" "$folder/calls" ;;
    journal) "$build/bench/bench_journal" "$folder" ;;
    backtest) "$build/bench/bench_backtest" "$build/heed" "$folder/backtest" ;;
    idle) "$build/bench/bench_idle" "$build/heed" "$folder" 3 ;;
    ready) "$build/bench/bench_ready" "$build/heed" "$folder/ready" ;;
    *) "$build/bench/bench_$1" ;;
  esac
}

round=1
while [ "$round" -le "$rounds" ]; do
  for program in $programs; do
    echo "round $round of $rounds: $program" >&2
    run "$program" >> "$lines" || echo "$program failed; its results of this round are missing" >&2
  done
  round=$((round + 1))
done

"$build/bench/bench_report" "$build/bench.json" < "$lines"
