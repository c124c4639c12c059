#!/bin/sh
# Builds or completes .venv from hash-locked requirement files:  tools/venv.sh requirements.txt …
# By uv, which takes seconds; by pip where uv cannot be had or cannot reach a package index.
set -eu
here=$(dirname "$0")
python=.venv/bin/python

# The first Python that is new enough; PYTHON names another.
find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed and was not found; name yours by 'make … PYTHON=/path/to/python3'." >&2
    return 1
}

if ! $python -m pip --version >/dev/null 2>&1; then
    base=$(find_python)
    echo "Building .venv with $("$base" --version)"
    # Debian ships venv as a package of its own.
    if ! "$base" -c 'import ensurepip' 2>/dev/null && ! "$here/apt-install.sh" python3-venv; then
        echo "This Python has no venv module (Debian: apt-get install python3-venv)." >&2
        exit 1
    fi
    "$base" -m venv --clear .venv
fi

set -- $(printf -- '-r %s ' "$@")
echo "Installing: $*"
locked="install --quiet --require-hashes"
# pip's configured index, often a nearby mirror, holds for uv too.
index=$($python -m pip config get global.index-url 2>/dev/null || true)
index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$index}}
[ -z "$index" ] || export UV_DEFAULT_INDEX="$index"

# shellcheck disable=SC2086 # options are words
if $python -m pip $locked --disable-pip-version-check -r "$here/uv.txt" &&
    $python -m uv pip $locked --python $python "$@"; then
    exit 0
fi
echo "uv could not do it; pip does, in about half a minute."
# shellcheck disable=SC2086
exec $python -m pip $locked --disable-pip-version-check "$@"
