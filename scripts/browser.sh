#!/bin/sh
# Makes sure there is a Chromium to draw with, and a Playwright that can drive it:
# scripts/browser.sh BIN
set -eu
bin=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

here() { "$bin/ecg" doctor "$@" >"$log" 2>&1; }
debian() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
install() { sh "$(dirname "$0")/debian.sh" "$@" >"$log" 2>&1; }

here driver browser && exit 0
# whatever is wrong with the program itself, installing a browser would not mend it
grep -q '^miss' "$log" || { cat "$log" >&2; exit 1; }

# Playwright's driver is a Node.js, which a bare Debian lacks one library for
if ! here driver && debian; then
  echo "installing what Playwright needs"
  install libatomic1 || true
fi
here driver || { cat "$log" >&2; exit 1; }

if ! here browser; then
  echo "installing Chromium"
  "$bin/playwright" install --only-shell chromium >"$log" 2>&1 && here browser && exit 0
  if debian; then
    install chromium-headless-shell || install chromium || true
  fi
  here browser || { cat "$log" >&2; exit 1; }
fi
