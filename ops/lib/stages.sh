# Sourced by ops/test: runs stages one after another, a line each, and keeps what they print in files.

# The caller sets LOGS, a directory, and may hold open descriptor 7, which stages do not inherit.
# FAILED lists the stages that failed, in order.
FAILED=()
RUNNING=

seconds_since() {
  local now=$EPOCHREALTIME
  local tenths=$(((${now/[^0-9]/} - ${1/[^0-9]/}) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# stage NAME LIMIT COMMAND...: runs the command for at most LIMIT seconds, all it prints going to a file.
# Prints the part of it that matters when it fails, and returns what it returned. When it succeeds, the last line that
# matches the pattern SUMMARY, where one is set, stands beside the time.
stage() {
  local name="$1" limit="$2" began=$EPOCHREALTIME code=0 log line=
  log="$LOGS/${name//[^a-zA-Z0-9.]/-}.log"
  shift 2
  printf '  %-28s' "$name"
  # In the background, so that a signal is acted on at once; timeout passes it on to everything the stage started,
  # and gets one when this script dies of SIGKILL.
  setpriv --pdeathsig TERM timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null 7>&- &
  RUNNING=$!
  wait "$RUNNING" || code=$?
  RUNNING=
  if [ "$code" = 0 ]; then
    [ -z "${SUMMARY-}" ] || line="$(grep -E "$SUMMARY" "$log" | tail -n 1 | sed 's/^[^A-Za-z0-9]*//; s/[ =]*$//')"
    printf 'ok %10s  %s\n' "$(seconds_since "$began")" "$line"
    return 0
  fi
  FAILED+=("$name")
  [ "$code" != 124 ] || line="stopped after $limit s"
  printf 'FAILED %6s  %s\n' "$(seconds_since "$began")" "$line"
  failing_part "$log" | sed 's/^/  | /'
  printf '  | all of it: %s\n' "$log"
  return "$code"
}

# The lines of a log that say what is wrong: from pytest's list of failures on, else errors, else its end.
failing_part() {
  if grep -qE '^=+ (FAILURES|ERRORS) =+$' "$1"; then
    sed -nE '/^=+ (FAILURES|ERRORS) =+$/,$p' "$1" | tail -n 150
  elif grep -qE 'error:|✘' "$1"; then
    grep -E -A 6 'error:|✘' "$1" | grep -vE '✔|◇|^--$' | awk '!seen[$0]++' | head -n 100
  else
    tail -n 30 "$1"
  fi
}

# For a trap: ends the stage that runs, with everything it started.
end_stage() {
  [ -z "$RUNNING" ] || { kill "$RUNNING" && wait "$RUNNING"; } 2>/dev/null || true
}
