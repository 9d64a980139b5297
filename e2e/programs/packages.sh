#!/usr/bin/env bash
# Installs the Debian packages that the end-to-end tests need and that are missing. Starts no service: the
# nodes bring their own containerd, and a second one on the machine would only be in the way.
set -euo pipefail

packages=(
  containerd runc containernetworking-plugins  # a node's runtime and its pod network
  iptables ipset conntrack                     # kube-proxy and kube-router
  iproute2 util-linux procps                   # namespaces, links, process tables
  haproxy                                      # the load balancer
  debootstrap                                  # the image's root file system
  kmod                                         # kube-proxy asks for modules, also where all are built in
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
    missing+=("$package")
done
[ "${#missing[@]}" = 0 ] && exit 0
[ "$(id -u)" = 0 ] || { echo "needs root to install: ${missing[*]}" >&2; exit 1; }

# Debian's way to say "install, but start nothing"; one that is already there is somebody else's decision.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing ${missing[*]}"
apt-get update --quiet=2
apt-get install --quiet=2 --no-install-recommends "${missing[@]}" >/dev/null
