#!/bin/sh
# Installs packages of Debian's, and leaves nothing else behind: scripts/debian.sh PACKAGE...
# Its security updates come with each install, so versions are not pinned.
set -eu
apt-get -qq update || true # what is known already may do
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@"
