#!/usr/bin/env bash
# run.sh BUILD SECONDS [TARGET...]: lets each fuzzer run for so long, from the committed corpus on, and says how far it
# got. What it learns stays in BUILD/corpus; an input that breaks something goes to BUILD/findings, and the exit is 1.
# FUZZ_RUNS=N stops a target after N executions, FUZZ_JOBS=N runs so many targets at a time.
set -uo pipefail
build=$(realpath "$1")
seconds=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for source in "$here"/*_fuzz.cpp; do
    name=$(basename "$source")
    targets+=("${name%_fuzz.cpp}")
  done
fi
mkdir -p "$build/findings" "$build/logs"

run_one() {
  local name=$1 log="$build/logs/$1.log" dict=() length=1024
  case $name in
    position | risk) length=80 ;;  # two bytes a draw: a short story, and ten million of them
    jsonl) length=128 ;;
    config | broker_stream) length=256 ;;
    calls) length=384 ;;
    http) length=2048 ;;
  esac
  mkdir -p "$build/corpus/$name"
  [[ -f "$here/corpus/$name.dict" ]] && dict=(-dict="$here/corpus/$name.dict")
  ASAN_OPTIONS=detect_leaks=1:malloc_context_size=4:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1 \
    "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -runs="${FUZZ_RUNS:--1}" -timeout=20 -rss_limit_mb=2048 \
    -max_len=$length -entropic=0 -print_final_stats=1 -artifact_prefix="$build/findings/$name-" "${dict[@]}" \
    "$build/corpus/$name" "$here/corpus/$name" >"$log" 2>&1
  local code=$?
  printf '%-16s %12s executions %8s/s  %6s edges  %s\n' "$name" \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" \
    "$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -c6-)" "$([[ $code -eq 0 ]] && echo clean || echo "FAILED, see $log")"
  return $code
}

failed=0
running=0
for name in "${targets[@]}"; do
  run_one "$name" &
  if ((++running >= ${FUZZ_JOBS:-$(nproc)})); then
    wait -n || failed=1
    ((running--))
  fi
done
while ((running-- > 0)); do
  wait -n || failed=1
done
exit $failed
