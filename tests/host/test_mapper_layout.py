"""Requests to the device mapper are what a C compiler makes of the kernel's header."""

import subprocess

import pytest
from restante.box import mapper

KEY = bytes(range(64))
OCTETS = 240 << 20
PROGRAM = r"""
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static struct { struct dm_ioctl head; struct dm_target_spec target; char text[256]; } all;

int main(int count, char **words) {
    all.head.version[0] = 4;
    all.head.flags = DM_SECURE_DATA_FLAG;
    all.head.data_start = sizeof all.head;
    all.head.data_size = sizeof all.head;
    strcpy(all.head.name, "data");
    if (strcmp(words[1], "numbers") == 0) {
        printf("%lu %lu %lu %lu\n", (unsigned long)DM_DEV_CREATE, (unsigned long)DM_DEV_REMOVE,
               (unsigned long)DM_DEV_SUSPEND, (unsigned long)DM_TABLE_LOAD);
        return 0;
    }
    if (count > 2) {
        strcpy(all.target.target_type, "crypt");
        all.target.length = 240 << 11;
        strcpy(all.text, words[2]);
        all.target.next = sizeof all.target + (strlen(all.text) + 8) / 8 * 8;
        all.head.target_count = 1;
        all.head.data_size += all.target.next;
    }
    fwrite(&all, 1, all.head.data_size, stdout);
    return 0;
}
"""


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mapper")
    (folder / "layout.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-o", folder / "layout", folder / "layout.c"], check=True)

    def ask(*words):
        return subprocess.run([folder / "layout", *words], check=True, capture_output=True).stdout

    return ask


def test_numbers(kernels):
    ours = (mapper.CREATE, mapper.REMOVE, mapper.RESUME, mapper.LOAD)
    assert tuple(int(word) for word in kernels("numbers").split()) == ours


def test_a_request_about_a_device(kernels):
    assert mapper.request("data") == kernels("plain")


@pytest.mark.parametrize("device", ["/dev/vda6", "/dev/mmcblk0p6"])
def test_a_table(kernels, device):
    text = f"aes-xts-plain64 {KEY.hex()} 0 {device} 0 1 sector_size:4096"
    assert mapper.crypt_table("data", device, OCTETS, KEY) == kernels("table", text)


def test_an_odd_end_of_the_partition_is_left_out():
    whole, odd = (mapper.crypt_table("d", "/dev/x", n, KEY) for n in (8192, 8192 + 3584))
    assert whole == odd
