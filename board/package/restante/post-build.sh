#!/bin/sh
# Buildroot's last step before the root file system: takes away what its skeleton brings and the box
# does not have, so that the overlays of board/ are the whole truth. $1 is the target folder.
# $RESTANTE_PARTS holds what the host tools make: the factory set of signatures, the key set, the public
# CAs, the empty data partition.
set -eu

target=$1
parts=${RESTANTE_PARTS:?set by: make buildroot, or restante build buildroot --full}
mkdir -p "$target/usr/share/restante"
install -m 0644 "$parts/factory.sig" "$parts/keys" "$parts/roots" "$parts/data.ext4.xz" \
    "$target/usr/share/restante/"
rm -rf "$target/etc/init.d/rcK" "$target/etc/network" "$target/etc/fstab" "$target/etc/shadow"
for folder in data dev proc run sys tmp; do
    mkdir -p "$target/$folder"
done
