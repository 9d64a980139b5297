#!/usr/bin/env bash
# Runs a command in the image that is being built: in-root.sh LOWER UPPER WORK SOURCE COMMAND...
# LOWER are the layers below, what the command writes lands in UPPER and becomes the next layer. SOURCE (the
# repository) is readable at /run/source. Mounts live in this process's own mount namespace and end with it;
# whatever lies under /run, /tmp and /root is not part of the layer.
set -euo pipefail

if [ "${IN_ROOT:-}" != 1 ]; then
  IN_ROOT=1 exec unshare --mount --fork --kill-child "$0" "$@"
fi
lower=$1 upper=$2 work=$3 source=$4
shift 4

root=$work/root
mkdir -p "$upper" "$work/overlay" "$root"
mount -t overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$work/overlay" image "$root"
for scratch in run tmp root; do mount -t tmpfs tmpfs "$root/$scratch"; done
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"

# The network as this machine has it: names, and the authorities it trusts.
mkdir -p "$root"/run/{source,certificates,uv-cache}
mount --bind "$source" "$root/run/source"
mount -o remount,bind,ro "$root/run/source"
mount --bind "${UV_CACHE:?}" "$root/run/uv-cache"
cp /etc/resolv.conf "$root/run/resolv.conf"
mount --bind "$root/run/resolv.conf" "$root/etc/resolv.conf"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/run/certificates/"
install -m 755 "$(command -v uv)" "$root/run/uv"

exec chroot "$root" /usr/bin/env -i PATH=/run:/usr/local/bin:/usr/bin:/bin HOME=/root LANG=C.UTF-8 \
  UV_CACHE_DIR=/run/uv-cache UV_LINK_MODE=copy SSL_CERT_FILE=/run/certificates/ca-certificates.crt \
  PYC_INVALIDATION_MODE=UNCHECKED_HASH "$@"
