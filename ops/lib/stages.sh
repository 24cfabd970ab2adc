# Sourced by ops/test: runs stages, alone or beside each other, a line each, and keeps what they print in files.

# The caller sets LOGS, a directory, and may hold open descriptor 7, which stages do not inherit.
# FAILED lists the stages that failed, in the order in which their lines were printed.
FAILED=()
# Of each stage that runs, by its name: its process, when it began (EPOCHREALTIME) and how long it may take (seconds).
declare -A RUNNING=() BEGAN=() LIMIT=()

seconds_since() {
  local now=$EPOCHREALTIME
  local tenths=$(((${now/[^0-9]/} - ${1/[^0-9]/}) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# stage NAME LIMIT COMMAND...: runs the command for at most LIMIT seconds, all it prints going to a file.
# Prints the part of it that matters when it fails, and returns what it returned. When it succeeds, the last line that
# matches the pattern SUMMARY, where one is set, stands beside the time.
stage() {
  local code=0
  begin "$@"
  printf '  %-28s' "$1"
  wait "${RUNNING[$1]}" || code=$?
  tell "$1" "$code"
}

# begin NAME LIMIT COMMAND...: the same, beside what else was begun, until `end_all`.
begin() {
  local name="$1" limit="$2"
  shift 2
  BEGAN[$name]=$EPOCHREALTIME
  LIMIT[$name]=$limit
  # In the background, so that a signal is acted on at once; timeout passes it on to everything the stage started,
  # and gets one when this script dies of SIGKILL.
  setpriv --pdeathsig TERM timeout -k 10 "$limit" "$@" >"$(log_of "$name")" 2>&1 </dev/null 7>&- &
  RUNNING[$name]=$!
}

# end_all: waits for all stages that were begun, with a line for each as it ends; 1 when one of them failed.
end_all() {
  local name code failed=0
  while [ ${#RUNNING[@]} != 0 ]; do
    for name in "${!RUNNING[@]}"; do
      # `wait -n` would spare the looking, but forgets whoever ended before it was called.
      ! kill -0 "${RUNNING[$name]}" 2>/dev/null || continue
      code=0
      wait "${RUNNING[$name]}" || code=$?
      printf '  %-28s' "$name"
      tell "$name" "$code" || failed=1
    done
    sleep 0.1
  done
  return "$failed"
}

# tell NAME CODE: the rest of the line of a stage that ended with that code, which it returns.
tell() {
  local name="$1" code="$2" line= log took
  log="$(log_of "$name")"
  took="$(seconds_since "${BEGAN[$name]}")"
  unset "RUNNING[$name]"
  if [ "$code" = 0 ]; then
    [ -z "${SUMMARY-}" ] || line="$(grep -E "$SUMMARY" "$log" | tail -n 1 | sed 's/^[^A-Za-z0-9]*//; s/[ =]*$//')"
    printf 'ok %10s  %s\n' "$took" "$line"
    return 0
  fi
  FAILED+=("$name")
  [ "$code" != 124 ] || line="stopped after ${LIMIT[$name]} s"
  printf 'FAILED %6s  %s\n' "$took" "$line"
  failing_part "$log" | sed 's/^/  | /'
  printf '  | all of it: %s\n' "$log"
  return "$code"
}

log_of() {
  echo "$LOGS/${1//[^a-zA-Z0-9.]/-}.log"
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

# For a trap: ends the stages that run, with everything they started.
end_stages() {
  local begun
  # Not those of RUNNING: a signal may come after a stage has begun and before it is entered there.
  mapfile -t begun < <(jobs -p)
  [ ${#begun[@]} != 0 ] || return 0
  # The groups as well: `timeout` forgets its command when a signal comes just after it has started it.
  kill -- "${begun[@]}" "${begun[@]/#/-}" 2>/dev/null
  wait "${begun[@]}" 2>/dev/null || true
}
