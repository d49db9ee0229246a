#!/usr/bin/env bash
# Makes the Python environment that everything else runs in. Safe to repeat; costs nothing when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { echo "error: $*" >&2; exit 1; }
[ "$(uname -s)" = Linux ] || fail "this is $(uname -s); Linux is needed: nodes are made of its namespaces"
[ "$(id -u)" = 0 ] || fail "not root; run it with sudo: nodes need namespaces and mounts"
command -v apt-get > /dev/null || fail "no apt-get; Debian 12 or later is needed"
python=/usr/bin/python3 lock=requirements/dev.txt stamp=.venv/.patchbay-stamp
installed=/var/cache/patchbay/installed-packages
here=$(pwd -P)
# Also of what is copied or moved with the checkout and fits no more: .venv names its directory, and Debian's Python.
wanted() { { echo "$here"; $python -V || true; cat $lock pyproject.toml; } 2>&1 | sha256sum; }
[ "$(cat $stamp 2> /dev/null)" != "$(wanted)" ] || exit 0
# The checks of the machine that need no package; the rest follows once Python's packages are there.
memory=$(awk '/^MemTotal/ {print int($2 / 1048576 + 0.5)}' /proc/meminfo)
[ "$memory" -ge 6 ] || fail "this machine has $memory GiB of memory; at least 6 are needed"
disk=$(df -Pk . /var | awk 'NR > 1 {print int($4 / 1048576)}' | sort -n | head -n 1)
[ "$disk" -ge 4 ] || fail "$disk GiB of disk are free here or under /var; at least 4 are needed, 15 for the first run"
if ! $python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
    echo "installing Python from Debian's packages"
    export DEBIAN_FRONTEND=noninteractive
    wait=(-o DPkg::Lock::Timeout=300)
    # An installation that was cut off is completed first. dpkg does not wait for its lock; apt does, and then fails.
    apt-get -qq "${wait[@]}" check > /dev/null 2>&1 || true
    dpkg --configure -a > /dev/null
    apt-get -qq "${wait[@]}" update
    mkdir -p "$(dirname $installed)"
    for package in python3 python3-venv; do # `make down` names those that were not there before
        dpkg-query --show --showformat '${db:Status-Status}\n' $package 2> /dev/null | grep -qx installed || echo $package >> $installed
    done
    apt-get -qq "${wait[@]}" install --yes --no-remove --no-install-recommends python3 python3-venv > /dev/null
fi
$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$($python -V); Python 3.11 or later is needed"
all=$(grep -c '^[a-z]' $lock)
echo "installing the $all locked Python packages into .venv"
clear=()
grep -qsF "$here/.venv/" .venv/bin/pip || clear=(--clear)
$python -m venv "${clear[@]}" .venv
.venv/bin/python -m pip install --require-hashes --progress-bar off --requirement $lock |
    awk -v all="$all" '/^Collecting/ && ++n % 20 == 0 {print "  " n " of " all " fetched"; fflush()} /^Installing/ {print "  installing"; fflush()}'
.venv/bin/python -m pip install -qqq --no-deps --no-build-isolation --editable .
wanted > $stamp
