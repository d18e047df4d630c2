#!/bin/sh
# Buildroot's last step: the disk image, by the same partition map. $1 is the folder of images.
# $RESTANTE_PARTS holds what the host tools make: the file system for U-Boot, the first boot record.
set -eu

images=$1
parts=${RESTANTE_PARTS:?set by: make buildroot, or restante build buildroot --full}
board=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ln -sf rootfs.squashfs "$images/rootfs.sqfs"
cp "$parts/boot.ext2" "$parts/record.bin" "$images/"
mkdir "$work/root"
genimage --config "$board/virt/genimage.cfg" --rootpath "$work/root" --tmppath "$work/tmp" \
    --inputpath "$images" --outputpath "$images"
