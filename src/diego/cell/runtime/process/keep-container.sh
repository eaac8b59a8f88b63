#!/bin/sh
# The first process of a container of the `process` runtime: runs in new mount and pid namespaces, puts the root
# together, tells its pid as the host counts it, and sleeps.
#
#   keep-container.sh MOUNT_OVERLAY DIR OPTIONS LOWERS FOLDERS...
#
# LOWERS are overlay layers, one a line, the first on top. FOLDERS are pairs of a file or folder of the host and its
# place in the root.
set -eu

mount_overlay=$1 dir=$2 options=$3 lowers=$4
shift 4
# The host's view of /proc: our own number there, before a /proc of our own hides it.
read -r pid rest </proc/self/stat
set -f
IFS='
'
# shellcheck disable=SC2086
perl "$mount_overlay" "$dir" 0 "$options" $lowers
root=$dir/rootfs
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ $# -gt 1 ]; do
  mount --rbind "$1" "$root$2"
  # Where that is refused, the owners of its files keep it from vcap all the same.
  mount -o remount,bind,ro "$root$2" 2>/dev/null || true
  shift 2
done
echo "$pid"
# With SIGCHLD ignored the kernel reaps what is left to us.
trap '' CHLD
exec sleep 2147483647 </dev/null >/dev/null 2>&1
