#!/bin/bash
# First process of a node: makes a machine of its namespaces, then keeps the node's daemons running.
set -euo pipefail
node=$1 cache=$2 logs=$3 address=$4 gateway=$5 volumes=$6

# A machine of the instance type's size.
mount --bind "$node/machine/node" /sys/devices/system/node
mount --bind "$node/machine/online" /sys/devices/system/cpu/online
mount --bind "$node/machine/meminfo" /proc/meminfo
# The instance's disk. It lives no longer than the node: nothing has to reach this machine's disk in order.
mount -o loop,noatime,discard,barrier=0,noinit_itable "$node/disk.img" /mnt
for kept in lib/containerd lib/kubelet log/pods; do
  mkdir -p "/mnt/$kept" "$node/var/$kept"
  mount --bind "/mnt/$kept" "$node/var/$kept"
done
# The node has a /var and a /run of its own; only the tools, the logs and the pods' volumes are the host's.
mount --bind "$node/etc/hosts" /etc/hosts
mount --bind "$cache" "$node$cache"
mount --bind "$logs" "$node$logs"
mount --bind "$volumes" "$node$volumes"
mount --rbind "$node/var" /var
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/lock /run/netns
mount --make-rshared /
export TMPDIR=/var/tmp

ip link set lo up
until ip link show eth0 > /dev/null 2>&1; do sleep 0.02; done
ip address add "$address" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
echo 1 > /proc/sys/net/ipv4/ip_forward

keep_running() {
  local log=$logs/${node##*/}-$1.log
  shift
  [ ! -e "$log" ] || mv "$log" "${log%.log}.previous.log"
  while true; do "$@" >> "$log" 2>&1 || sleep 0.5; done
}

keep_running containerd containerd --config /var/lib/node/containerd.toml &
until ctr version > /dev/null 2>&1; do sleep 0.05; done
find /var/lib/node/images -name '*.tar' -exec ctr -n k8s.io images import {} \;
# Asked too early, the API server refuses, and the daemons take a while until they ask again.
until [ -e /var/lib/node/api-is-ready ]; do sleep 0.05; done
mapfile -t kubelet_flags < /var/lib/node/kubelet.flags
keep_running kubelet "$cache/bin/kubelet" "${kubelet_flags[@]}" &
keep_running kube-proxy "$cache/bin/kube-proxy" --config /var/lib/node/kube-proxy.yaml &
wait
