#!/bin/sh
# Everything that the image holds beside its base, without Docker: the same two steps that the Dockerfile takes.
# User, working directory, environment and command are the Dockerfile's last stage.
#
#   build.sh ROOT [PYTHON]     as dependencies.sh
set -eu
here=$(dirname "$0")
sh "$here/dependencies.sh" "$@"
sh "$here/code.sh" "$1"
