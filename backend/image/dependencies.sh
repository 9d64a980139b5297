#!/bin/sh
# Lays the locked dependencies of the backend into ROOT/app/venv, compiled.
#
#   dependencies.sh ROOT [PYTHON]     ROOT becomes `/`; PYTHON is the interpreter's path inside the image
#
# Needs uv, and a Python of the same minor version and C library as the image's.
set -eu
root=${1:?"usage: dependencies.sh ROOT [PYTHON]"}
python=${2:-/usr/local/bin/python3.11}
project=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$root/app"
root=$(cd "$root" && pwd)
venv=$root/app/venv

# Exactly the lock, and of it only what the backend runs with. Relocatable: programs in bin find their interpreter beside
# them, not in ROOT.
"${UV:-uv}" venv --quiet --relocatable --no-project --python 3.11 "$venv"
UV_PROJECT_ENVIRONMENT=$venv UV_LINK_MODE=copy "${UV:-uv}" sync --quiet --project "$project" \
    --locked --no-default-groups --no-editable

# `unchecked-hash` never looks at times, which a copy may change: the root file system is read-only at run time, and stale
# byte code would be made anew at every start. Some packages carry files that are no Python 3.11; they stay uncompiled.
"$venv/bin/python" -m compileall -q -j 0 --invalidation-mode unchecked-hash -s "$root" -p / "$venv/lib" >/dev/null || true

# From here on the interpreter is the image's.
ln -sf "$python" "$venv/bin/python"
sed -i "s|^home = .*|home = $(dirname "$python")|" "$venv/pyvenv.cfg"
