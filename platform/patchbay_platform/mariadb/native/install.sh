#!/bin/sh
# Makes the system tables once. Moved into place when complete, so an interrupted run leaves nothing half made.
set -eu
cd /var/lib/mysql
[ -d data ] && exit 0
rm -rf installing
mariadb-install-db --no-defaults --datadir=/var/lib/mysql/installing --tmpdir=/tmp \
    --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve >/tmp/install.log || {
    cat /tmp/install.log >&2
    exit 1
}
mv installing data
