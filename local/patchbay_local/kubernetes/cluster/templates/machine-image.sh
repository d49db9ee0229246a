#!/bin/bash
# Puts images on the file system of a disk, unpacked, where a node's containerd looks for them.
set -euo pipefail
disk=$1 configuration=$2 hosts=$3
shift 3

mount -o loop,noatime,discard "$disk" /mnt
mkdir -p /mnt/lib/containerd
mount -t tmpfs -o mode=755 tmpfs /run
containerd --config "$configuration" --root /mnt/lib/containerd --log-level warn &
trap 'kill $! && wait $!' EXIT
until ctr version > /dev/null 2>&1; do kill -0 $!; sleep 0.05; done
for image; do
  ctr --namespace k8s.io images pull --hosts-dir "$hosts" "$image"
done
trap - EXIT
kill $!
wait $!
umount /mnt
