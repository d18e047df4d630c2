#!/bin/sh
# Buildroot's last step: the disk image, by the same partition map. $1 is the folder of images.
set -eu

images=$1
board=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ln -sf rootfs.squashfs "$images/rootfs.sqfs"
mkdir "$work/root"
genimage --config "$board/virt/genimage.cfg" --rootpath "$work/root" --tmppath "$work/tmp" \
    --inputpath "$images" --outputpath "$images"
