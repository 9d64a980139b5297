#!/bin/sh
# The programs that some tests drive and no package registry for Python has. As root on Debian they
# are installed; elsewhere the tests that need them are skipped, each with a sentence that says how.
set -eu

# Prometheus and Alertmanager: rules that really fire. Chromium: the console, with a font to show.
# PostgreSQL 15: what production runs, and the exporter of its metrics; another for those of a node.
packages="prometheus prometheus-alertmanager chromium fonts-dejavu-core postgresql-15 prometheus-postgres-exporter prometheus-node-exporter"
policy=/usr/sbin/policy-rc.d

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "this is not Debian: put $packages on PATH yourself to run every test"
    exit 0
fi

missing=
for package in $packages; do
    case $(dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null) in
        "install ok installed") ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "to run every test: sudo apt-get install$missing"
    exit 0
fi

# The packages would start their servers, on the ports that `make up` uses.
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing$missing"
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install --yes --no-install-recommends -q -o Dpkg::Use-Pty=0 $missing
# A machine that has been restarted would start them: they are for the tests only.
if [ -d /run/systemd/system ]; then
    for package in $missing; do
        systemctl disable --quiet "$package" 2>/dev/null || true
    done
fi
