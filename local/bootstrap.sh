#!/usr/bin/env bash
# Puts uv at .local/tools/bin/uv when it is not on PATH. Needs Python 3.11 with venv and pip's registry, nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v uv >/dev/null && exit 0
[ -x .local/tools/bin/uv ] && exit 0
command -v python3.11 >/dev/null || { echo "python3.11 is not on PATH: install Python 3.11 first" >&2; exit 1; }
python3.11 -m venv .local/tools
.local/tools/bin/pip install --quiet uv==0.13.9
