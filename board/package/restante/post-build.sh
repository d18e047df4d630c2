#!/bin/sh
# Buildroot's last step before the root file system: takes away what its skeleton brings and the box
# does not have, so that the overlays of board/ are the whole truth. $1 is the target folder.
set -eu

target=$1
rm -rf "$target/etc/init.d/rcK" "$target/etc/network" "$target/etc/fstab" "$target/etc/shadow"
for folder in data dev proc run sys tmp; do
    mkdir -p "$target/$folder"
done
