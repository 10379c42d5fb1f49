#!/bin/sh
# Makes the virtual environment: scripts/venv.sh PYTHON FOLDER
set -eu
python=$1 folder=$2

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "ECG needs Python 3.11 or newer and found $("$python" --version 2>&1 || echo none)." >&2
  echo "Install one and name it: make PYTHON=/path/to/python3.11 …" >&2
  exit 1
fi

# Debian ships Python without what makes virtual environments.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends "python$version-venv" >/dev/null
  else
    echo "This Python cannot make virtual environments. Run: sudo apt-get install python3-venv" >&2
    exit 1
  fi
fi
"$python" -m venv "$folder"
