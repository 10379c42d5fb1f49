#!/bin/sh
# Makes sure there is a Chromium to draw with: scripts/browser.sh BIN
set -eu
bin=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$bin/ecg" doctor browser >/dev/null 2>&1 && exit 0

echo "installing Chromium"
if "$bin/playwright" install --only-shell chromium >"$log" 2>&1 \
  && "$bin/ecg" doctor browser >/dev/null 2>&1; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get -qq update >>"$log" 2>&1 || true
  if DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium \
    >>"$log" 2>&1 && "$bin/ecg" doctor browser >/dev/null 2>&1; then
    exit 0
  fi
fi
tail -n 5 "$log" >&2
echo "No Chromium could be installed. Run: sudo apt-get install chromium, then make again." >&2
exit 1
