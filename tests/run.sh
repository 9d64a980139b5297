#!/bin/sh
# Every tier of tests, as `make test` and CI run them.
set -eu

# Nothing here depends on the clock of a quiet machine. What uses a database runs on PostgreSQL 15,
# as production does, where Debian's package is installed.
pytest --numprocesses=auto --dist=loadgroup "$@"
if [ -x /usr/lib/postgresql/15/bin/postgres ]; then
    echo "what depends on PostgreSQL's version again, on the one that make up brings"
    pytest --postgres=embedded tests/integration/test_migrations.py tests/integration/retention \
        tests/integration/alerts/test_query_plans.py \
        tests/integration/alerts/test_intake_transaction.py "$@"
else
    echo "nothing was tested on PostgreSQL 15: apt-get install postgresql-15"
fi
