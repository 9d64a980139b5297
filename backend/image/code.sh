#!/bin/sh
# Lays the backend's own code into ROOT/app/backend, compiled, without what only builds it.
#
#   code.sh ROOT     ROOT becomes `/`
#
# Needs Python 3.11.
set -eu
root=${1:?"usage: code.sh ROOT"}
project=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$root/app"
root=$(cd "$root" && pwd)

cp -R "$project/backend" "$root/app/backend"
rm -rf "$root/app/backend/image" "$root/app/backend/Dockerfile"
find "$root/app/backend" -name __pycache__ -type d -prune -exec rm -rf {} +
python3.11 -m compileall -q --invalidation-mode unchecked-hash -s "$root" -p / "$root/app/backend"
