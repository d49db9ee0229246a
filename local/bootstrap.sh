#!/bin/sh
# Makes the Python environment that everything else runs in. Safe to repeat; costs nothing when nothing changed.
set -eu
cd "$(dirname "$0")/.."
fail() { echo "error: $*" >&2; exit 1; }
[ "$(uname -s)" = Linux ] || fail "this is $(uname -s); Linux is needed: nodes are made of its namespaces"
[ "$(id -u)" = 0 ] || fail "not root; run it with sudo: nodes need namespaces and mounts"
command -v apt-get > /dev/null || fail "no apt-get; Debian 12 or later is needed"
python=/usr/bin/python3
if ! $python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
    echo "installing Python from Debian's packages"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends python3 python3-venv > /dev/null
fi
$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$($python -V); Python 3.11 or later is needed"
lock=requirements/dev.txt
stamp=.venv/.patchbay-stamp
want=$(cat $lock pyproject.toml | sha256sum)
if [ "$(cat $stamp 2> /dev/null)" != "$want" ]; then
    echo "installing the locked Python packages into .venv (one minute or more)"
    $python -m venv .venv
    .venv/bin/python -m pip install --quiet --require-hashes --requirement $lock
    .venv/bin/python -m pip install -qqq --no-deps --no-build-isolation --editable .
    echo "$want" > $stamp
fi
