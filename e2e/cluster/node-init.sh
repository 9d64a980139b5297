#!/usr/bin/env bash
# Process 1 of a node, inside its own network, mount, process, IPC and host-name namespaces. Mounts what is the
# node's own over the machine's folders, then keeps the node's programs running as systemd would; bash reaps what
# is orphaned to it. Called by node.py only, with NODE, STATE and TOOLS in the environment.
set -euo pipefail

mount --make-rprivate /  # nothing mounted here reaches the machine, or outlives the node
mount --make-rshared /   # but pods' volumes may be shared within the node
hostname "$NODE"

home=$STATE/nodes/$NODE
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/node/{etc,pki,tools} /run/lock
mount --bind "$home/etc" /run/node/etc
mount --bind "$STATE/pki" /run/node/pki
mount --bind "$TOOLS" /run/node/tools
mount --bind "$home/log" /var/log
mount --bind "$home/lib" /var/lib  # last: it hides the cluster's own state
cd /

sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1

keep() {
  local name=$1
  shift
  while :; do
    "$@" >>"/var/log/$name.log" 2>&1 || true
    sleep 1
  done &
}

keep containerd containerd --config /run/node/etc/containerd.toml
until ctr version >/dev/null 2>&1; do sleep 0.1; done
# The kubelet comes only when the sandbox image is there: node.py imports it and says so.
until [ -e /run/node/etc/images-ready ]; do sleep 0.1; done
keep kubelet kubelet --config /run/node/etc/kubelet.json --kubeconfig "/run/node/pki/$NODE.conf" \
  --hostname-override "$NODE" --node-ip "$ADDRESS" --node-labels "$LABELS"
keep kube-proxy kube-proxy --config /run/node/etc/kube-proxy.json --hostname-override "$NODE"
# Where both write their first rules at once, kube-proxy fails, and a pod that starts meanwhile reaches no Service.
until iptables-save --table nat | grep default/kubernetes:https >/dev/null; do sleep 0.1; done
keep kube-router kube-router --kubeconfig /run/node/pki/kube-router.conf --hostname-override "$NODE" \
  --run-firewall=true --run-router=false --run-service-proxy=false --run-loadbalancer=false \
  --service-cluster-ip-range "$SERVICES" --health-port=0 --metrics-port=0
while :; do wait || true; done
