#!/bin/sh
# Brings .venv to the lock with nothing assumed but Python 3.11 and a package registry: finds the
# interpreter, finds or installs uv, syncs. Arguments are passed to `uv sync`.
set -eu

cd "$(dirname "$0")/.."
tools=.local/tools
minimum_uv=0.9   # as required-version in pyproject.toml
pinned_uv=0.13.9 # what is installed where none is found: as in backend/Dockerfile

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

# A name on PATH is not enough: a pyenv shim answers for versions that are not selected.
find_python() {
    for candidate in python3.11 python3 python; do
        if path=$(command -v "$candidate") && "$path" -c \
            'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; then
            printf '%s\n' "$path"
            return
        fi
    done
    return 1
}

usable_uv() {
    version=$("$1" --version 2>/dev/null) || return 1
    "$python" - "$minimum_uv" "$version" <<'PYTHON'
import re, sys
minimum, version = (tuple(map(int, re.findall(r"\d+", text)[:2])) for text in sys.argv[1:])
sys.exit(version < minimum)
PYTHON
}

install_uv() {
    echo "installing uv into $tools (once per checkout)"
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
    mkdir -p .local && chmod 700 .local
    if "$python" -m pip --version >/dev/null 2>&1; then
        # --target needs no virtual environment and is allowed on Debian's managed Python.
        "$python" -m pip install --quiet --no-cache-dir --upgrade --target "$tools" "uv==$pinned_uv"
    elif "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        "$python" -m venv --clear "$tools"
        "$tools/bin/pip" install --quiet --no-cache-dir "uv==$pinned_uv"
    else
        fail "$python has neither pip nor venv, so uv cannot be installed: \
run 'apt-get install python3.11-venv' as root on Debian, or put uv on PATH."
    fi || fail "uv could not be installed from the package registry: the lines above say why."
}

python=$(find_python) || fail "Python 3.11 is not on PATH: install it (Debian 12: \
'apt-get install python3.11 python3.11-venv'), then run this command again."

if path=$(command -v uv) && usable_uv "$path"; then
    uv=$path
else
    uv=$tools/bin/uv
    usable_uv "$uv" || install_uv
fi

# uv keeps its cache in the home directory; where there is none, it lives with the checkout.
cache=${UV_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/uv}
if [ -z "${UV_CACHE_DIR:-}${XDG_CACHE_HOME:-}${HOME:-}" ] || ! mkdir -p "$cache" 2>/dev/null \
    || [ ! -w "$cache" ]; then
    export UV_CACHE_DIR="$PWD/.local/uv-cache"
fi

# The machine's certificates, where it has any: behind a proxy that inspects TLS nothing else works.
if "$python" -c 'import ssl, sys; sys.exit(not ssl.create_default_context().get_ca_certs())'; then
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
fi

# An environment that works is kept, whichever Python 3.11 it was made with.
[ -x .venv/bin/python ] || export UV_PYTHON="$python"
if ! "$uv" sync --locked --check --quiet "$@" >/dev/null 2>&1; then
    echo "installing the locked dependencies into .venv (the first time takes about a minute)"
    "$uv" sync --locked "$@" || fail "the locked dependencies could not be installed: the lines above say why."
fi
