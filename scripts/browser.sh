#!/bin/sh
# Makes sure there is a Chromium to draw with: scripts/browser.sh BIN
set -eu
bin=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

found() { "$bin/ecg" doctor browser >"$log" 2>&1; }

found && exit 0
# whatever is wrong with the program itself, installing a browser would not mend it
grep -q '^miss browser' "$log" || { cat "$log" >&2; exit 1; }

echo "installing Chromium"
"$bin/playwright" install --only-shell chromium >"$log" 2>&1 && found && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get -qq update >"$log" 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium \
    >>"$log" 2>&1 && found && exit 0
fi
tail -n 5 "$log" >&2
echo "No Chromium could be installed. Run: sudo apt-get install chromium, then make again." >&2
exit 1
