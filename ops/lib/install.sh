# Sourced by the scripts in ops/: finds what the machine lacks and installs it, saying what before doing so.
# Nothing here runs when everything is there, beyond the checks themselves (some milliseconds).

# The top of the clone, wherever the caller stands.
MILLRACE_TOP="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"

complain() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# The folder of PostgreSQL's server programs, the newest one; nothing when there is none.
postgres_programs() {
  local found
  found="$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)"
  [ -x "$found" ] || found="$(command -v initdb)" || return 1
  dirname "$(readlink -f "$found")"
}

# A Python that the pinned wheels exist for and that can make a private environment.
system_python() {
  local name
  for name in python3 /usr/bin/python3 python3.13 python3.12 python3.11 python3.14; do
    command -v "$name" >/dev/null || continue
    "$name" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
      2>/dev/null && command -v "$name" && return 0
  done
  return 1
}

# lacking WHAT...: the Debian packages to install for what is missing, one a line.
lacking() {
  local what
  for what; do
    case "$what" in
      librdkafka) pkg-config --exists rdkafka 2>/dev/null || printf '%s\n' pkg-config librdkafka-dev ;;
      libpq) pkg-config --exists libpq 2>/dev/null || printf '%s\n' pkg-config libpq-dev ;;
      libcurl) pkg-config --exists 'libcurl >= 7.88' 2>/dev/null || printf '%s\n' pkg-config libcurl4-openssl-dev ;;
      openssl) command -v openssl >/dev/null || printf '%s\n' openssl ;;
      kannel)
        { command -v bearerbox || [ -x /usr/sbin/bearerbox ]; } >/dev/null && [ -x /usr/lib/kannel/test/fakesmsc ] \
          || printf '%s\n' kannel kannel-extras
        ;;
      hylafax)
        command -v sendfax >/dev/null && [ -x /usr/sbin/hfaxd ] || printf '%s\n' hylafax-client hylafax-server
        ;;
      # Pages of faxes, with letters of Chinese.
      paps)
        { command -v paps && command -v gs && command -v tiff2pdf; } >/dev/null && [ -n "$(fc-list :lang=zh-cn 2>/dev/null)" ] \
          || printf '%s\n' paps ghostscript libtiff-tools fontconfig fonts-wqy-zenhei
        ;;
      # Shows the tests the pages that the command writes.
      chromium) command -v chromium >/dev/null || command -v google-chrome >/dev/null || printf '%s\n' chromium ;;
      nginx) command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || printf '%s\n' nginx-light ;;
      postgres) postgres_programs >/dev/null || printf '%s\n' postgresql ;;
      python) private_python_works || system_python >/dev/null || printf '%s\n' python3 python3-venv ;;
      *) complain "install.sh knows nothing called $what"; return 2 ;;
    esac
  done | sort -u
}

# need WHAT...: librdkafka, libpq, libcurl, openssl, kannel, hylafax, paps, chromium, nginx, postgres, python. Returns non-zero, having said why, when it cannot be had.
need() {
  local packages
  packages="$(lacking "$@")" || return
  [ -z "$packages" ] || install_packages $packages
}

# unpacked_smtp_sink: the path of postfix's smtp-sink, fetched from Debian and unpacked beside the build where it is not installed: a
# mail server on this machine is nobody's wish. Runs with the LD_LIBRARY_PATH that stands beside it, in `lib`.
unpacked_smtp_sink() {
  local folder="$MILLRACE_TOP/.build/smtp-sink"
  if [ ! -x "$folder/usr/sbin/smtp-sink" ]; then
    rm -rf "$folder" && mkdir -p "$folder/package" || return
    (cd "$folder/package" && apt-get -q download postfix) >"$folder/log" 2>&1 && dpkg-deb -x "$folder"/package/postfix_*.deb "$folder" || {
      tail -n 5 "$folder/log" >&2
      complain "postfix, which has smtp-sink, cannot be fetched"
      return 1
    }
  fi
  printf '%s\n' "$folder"
}

# progress_of_apt LOG: takes apt's lines of status out of its output and shows how far it is: on a terminal a line that is
# written again and again, else one every five seconds.
progress_of_apt() {
  local line kind percent text began=$SECONDS shown=$SECONDS every=5 before= after='\n'
  [ ! -t 2 ] || every=1 before='\r' after='\e[K'
  while IFS= read -r line; do
    case "$line" in
      dlstatus:* | pmstatus:*)
        IFS=: read -r kind _ percent text <<<"$line"
        [ $((SECONDS - shown)) -ge "$every" ] || continue
        shown=$SECONDS
        [ "$kind" != dlstatus ] || text="downloading: $text"
        printf "$before%s s  %s %%  %.70s$after" $((SECONDS - began)) "${percent%%.*}" "$text" >&2
        ;;
      pmconffile:* | media-change:*) ;;
      *) printf '%s\n' "$line" >>"$1" ;;
    esac
  done
  [ ! -t 2 ] || printf '\r\e[K' >&2
}

install_packages() (
  wanted="apt-get install --no-install-recommends $*"
  if ! command -v apt-get >/dev/null; then
    complain "this machine lacks $*, and has no apt-get to install them with: install what your system calls them."
    return 1
  fi
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null || { ! [ -t 0 ] && ! sudo -n true 2>/dev/null; }; then
      complain "this machine lacks: $*. Ask somebody with root's rights for: $wanted"
      return 1
    fi
    as_root=(sudo)
  fi
  complain "this machine lacks: $*. Installing: $wanted"
  log="$(mktemp)"
  # Status on standard output, because sudo passes no further descriptor on.
  apt() {
    printf '$ apt-get %s\n' "$*" >>"$log"
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
      apt-get -q -o DPkg::Lock::Timeout=300 -o APT::Status-Fd=1 "$@" 2>&1 </dev/null | progress_of_apt "$log"
    return "${PIPESTATUS[0]}"
  }

  # Debian's packages would also create a system-wide database, and start their servers. Only the programs are wanted.
  drop_in=/etc/postgresql-common/createcluster.d/millrace.conf
  policy=/usr/sbin/policy-rc.d
  made=()
  trap '[ ${#made[@]} = 0 ] || ${as_root[@]+"${as_root[@]}"} rm -f "${made[@]}"' EXIT
  case " $* " in
    *" postgresql "*)
      ${as_root[@]+"${as_root[@]}"} mkdir -p "${drop_in%/*}"
      made+=("$drop_in")
      echo 'create_main_cluster = false' | ${as_root[@]+"${as_root[@]}"} tee "$drop_in" >/dev/null
      ;;
  esac
  case " $* " in
    *" nginx-light "* | *" kannel "* | *" hylafax-server "*)
      if [ ! -e "$policy" ]; then
        made+=("$policy")
        printf '#!/bin/sh\nexit 101\n' | ${as_root[@]+"${as_root[@]}"} tee "$policy" >/dev/null
        ${as_root[@]+"${as_root[@]}"} chmod 755 "$policy"
      fi
      ;;
  esac

  # Without package lists, or with ones so old that they name files which are gone, they are fetched first.
  if { compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null && apt install -y --no-install-recommends "$@"; } \
    || { apt update && apt install -y --no-install-recommends "$@"; }; then
    rm -f "$log"
    return 0
  fi
  tail -n 20 "$log" >&2
  complain "installing failed; the end of its output is above, all of it in $log"
  return 1
)

# .venv/installed is made last: without it, making the environment was cut short.
private_python_works() {
  [ -x "$MILLRACE_TOP/.venv/bin/python" ] && [ -d "$MILLRACE_TOP/.venv/installed" ]
}

# use_python LIST...: a private environment in .venv with the pinned packages of ops/lib/LIST.txt; sets PYTHON.
use_python() {
  PYTHON="$MILLRACE_TOP/.venv/bin/python"
  local list stale=()
  for list; do
    cmp -s "$MILLRACE_TOP/ops/lib/$list.txt" "$MILLRACE_TOP/.venv/installed/$list.txt" || stale+=("$list")
  done
  [ ${#stale[@]} = 0 ] && private_python_works && return 0
  (
    # Another script of this clone may be at the same.
    exec 9<"$MILLRACE_TOP/ops/lib/install.sh" && flock 9
    cd "$MILLRACE_TOP" || exit
    if ! private_python_works; then
      system="$(system_python)" || { complain "no Python from 3.11 to 3.14 with its venv module found"; exit 1; }
      complain "making a private Python environment in .venv with $("$system" -V)"
      rm -rf .venv
      "$system" -m venv .venv || { complain "making .venv with $system failed, see above"; exit 1; }
      mkdir .venv/installed
    fi
    for list in "${stale[@]}"; do
      cmp -s "ops/lib/$list.txt" ".venv/installed/$list.txt" && continue
      complain "installing the Python packages pinned in ops/lib/$list.txt into .venv"
      .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes \
        --only-binary :all: -r "ops/lib/$list.txt" \
        || { complain "pip could not install what ops/lib/$list.txt pins, see above"; exit 1; }
      cp "ops/lib/$list.txt" .venv/installed/
    done
  )
}
