#!/bin/sh
# Installs Debian packages where that is possible without asking anybody: as root, or with a sudo that needs
# no password. Exit 1: not possible here, nothing was done.
set -eu
command -v apt-get >/dev/null || exit 1
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    exit 1
fi
echo "Installing from the system's packages: $*"
$as_root apt-get update -qq </dev/null
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
