#!/bin/sh
# Every tier of tests, as `make test` and CI run them.
set -eu

# Parallel: nothing here depends on the clock of a quiet machine.
pytest --numprocesses=auto --dist=loadgroup -m "not alone" --cov --cov-report= "$@"
# Without coverage: these tests kill what they start.
pytest -m alone "$@"
if [ -x /usr/lib/postgresql/15/bin/postgres ]; then
    # Pages read what the API reads: their tests say nothing more about the version.
    echo "the database tests again, on PostgreSQL 15 as in production"
    pytest --numprocesses=auto --dist=loadgroup --postgres=15 --ignore=tests/integration/console \
        tests/integration "$@"
else
    echo "the database tests were not repeated on PostgreSQL 15: apt-get install postgresql-15"
fi
coverage report
