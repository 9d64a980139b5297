#!/bin/sh
# The tests that can lean on the date, the hour or the zone, at moments when such code goes wrong.
# Every process but Go's reads the same clock, PostgreSQL and Chromium too (shifted_clock.c). Tests
# that need a server of Go are skipped, and counted in pytest's summary.
set -u

# Not in the checkout: PostgreSQL must read it as a user of its own.
shim=$(mktemp -d)
trap 'rm -rf "$shim"' EXIT
chmod 755 "$shim"
cc -shared -fPIC -O2 -Wall -Wextra -Werror -o "$shim/clock.so" tests/support/shifted_clock.c || exit

failed=
at() { # <moment> <zone of the processes>
    echo "the tests at $1, in $2"
    TZ=$2 LD_PRELOAD="$shim/clock.so" CLOCK_OFFSET_SECONDS=$(($(date -d "$1" +%s) - $(date +%s))) \
        pytest --quiet --numprocesses=auto --dist=loadgroup \
        --ignore=tests/integration/test_schemathesis.py \
        tests/unit tests/integration tests/browser || failed="$failed $1"
}

at 2028-01-01T00:05Z UTC                 # a new day, month and year
at 2027-03-31T02:40Z Pacific/Kiritimati  # the last of a month; the zone furthest ahead
at 2028-02-29T23:58Z America/St_Johns    # the leap day ends meanwhile; half an hour off
at 2028-02-29T10:58Z Pacific/Auckland    # 23:58 there: only the local day ends
at 2027-11-07T04:25Z America/St_Johns    # five minutes before 01:00 comes again

[ -z "$failed" ] || { echo "failed at:$failed"; exit 1; }
