#!/bin/sh
# Writes the types of the studio's client from an OpenAPI document: scripts/client.sh BIN DOCUMENT TARGET
set -eu
cd "$(dirname "$0")/.."
exec sh scripts/node.sh "$1" studio/node_modules/.bin/openapi-typescript "$2" \
  --alphabetize --default-non-nullable=false -o "$3"
