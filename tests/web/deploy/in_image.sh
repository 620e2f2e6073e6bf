#!/bin/sh
# Become the site in the way of its container: a root of its own that cannot be written, the user of the image, no
# capabilities, /tmp and /state as compose.yaml gives them. To be run by root under `unshare --mount --pid --fork`.
#
#   in_image.sh ROOT DEPLOY RUNS STATE_MB PYTHON VENV SOURCE COMMAND…
set -eu
root=$1 deploy=$2 runs=$3 python=$5 venv=$6 source=$7
state_mb=$4
shift 7
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
for folder in /usr /bin /lib /lib64 /etc "$python" "$venv" "$source"; do
  [ -e "$folder" ] || continue
  mkdir -p "$root${folder%/*}"
  [ -L "$folder" ] && { ln -s "$(readlink "$folder")" "$root$folder"; continue; }
  mkdir -p "$root$folder"
  mount --rbind "$folder" "$root$folder"
  mount -o remount,bind,ro "$root$folder"
done
mkdir -p "$root/app" "$root/runs" "$root/state" "$root/tmp" "$root/proc" "$root/dev"
mount --bind "$deploy" "$root/app"
mount -o remount,bind,ro "$root/app"
mount --bind "$runs" "$root/runs"
mount -o remount,bind,ro "$root/runs"
mount -t tmpfs -o "size=${state_mb}m,mode=700,uid=10001,gid=10001" tmpfs "$root/state"
mount -t tmpfs -o size=256m,mode=1777,noexec,nosuid,nodev tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,ro "$root"
exec chroot "$root" /usr/bin/setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs \
  --bounding-set -all --inh-caps -all /bin/sh -c 'cd /app && exec "$@"' sh "$@"
