// Disks: partition tables (MBR with logical partitions, GPT), and the octets of a VHD. What lies
// in a partition is read if it is FAT; other file systems are named and not opened.
#include <string.h>

#include "image.h"
#include "report.h"
#include "scanner.h"

enum {
    SECTOR = 512,
    TABLE = 446,       // of the boot sector
    MAX_LOGICAL = 128, // logical partitions in a chain; systems use letters and stop before
    VHD_FIXED = 2,
    VHD_DYNAMIC = 3,
    VHD_UNUSED = 0xffffffff,
};

// File systems that are told but not opened.
static const struct {
    uint32_t at;
    uint8_t n;
    char mark[9];
    rst_verdict verdict;
    const char *why;
} known[] = {
    {3, 8, "NTFS    ", RST_UNSCANNABLE, "ntfs volume"},
    {3, 8, "EXFAT   ", RST_UNSCANNABLE, "exfat volume"},
    {3, 8, "ReFS\0\0\0", RST_UNSCANNABLE, "refs volume"},
    {3, 8, "-FVE-FS-", RST_ENCRYPTED, "BitLocker volume"},
    {0, 6, "LUKS\xba\xbe", RST_ENCRYPTED, "LUKS volume"},
    {1080, 2, "\x53\xef", RST_UNSCANNABLE, "ext volume"},
    {1024, 2, "H+", RST_UNSCANNABLE, "hfs volume"},
    {1024, 2, "HX", RST_UNSCANNABLE, "hfs volume"},
    {1024, 2, "BD", RST_UNSCANNABLE, "hfs volume"},
    {32, 4, "NXSB", RST_UNSCANNABLE, "apfs volume"},
    {0, 4, "XFSB", RST_UNSCANNABLE, "xfs volume"},
    {65600, 8, "_BHRfS_M", RST_UNSCANNABLE, "btrfs volume"},
    {0, 4, "hsqs", RST_UNSCANNABLE, "squashfs volume"},
};

static bool named(rst_image *m, uint64_t at) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (rst_image_has(m, at + known[i].at, known[i].n) &&
            memcmp(m->data + at + known[i].at, known[i].mark, known[i].n) == 0) {
            rst_image_say(m, known[i].verdict, known[i].why);
            return true;
        }
    }
    return false;
}

static bool blank(rst_image *m, uint64_t at, uint64_t n) {
    uint64_t i = 0;
    while (i < n && m->data[at + i] == 0) {
        i++;
    }
    rst_image_spend(m, i / 8);
    return i == n;
}

// One partition. `hybrid`: the image is a disc as well, whose tables describe it for firmware
// with places that are rounded up, and whose own octets lie in a partition.
static void partition(rst_image *m, uint64_t at, uint64_t n, bool hybrid) {
    if (at >= m->n || n == 0) {
        if (!hybrid) {
            rst_image_malformed(m, "partition beyond the end of the image");
        }
        return;
    }
    n = n < m->n - at ? n : m->n - at;
    if (rst_fat_read(m, at, n) || hybrid || named(m, at) || blank(m, at, n)) {
        return;
    }
    rst_image_say(m, RST_UNSCANNABLE, "partition of an unknown kind");
}

static bool boot_mark(const rst_image *m, uint64_t at) {
    return rst_image_has(m, at, SECTOR) && m->data[at + 510] == 0x55 && m->data[at + 511] == 0xaa;
}

static bool is_extended(uint8_t type) {
    return type == 0x05 || type == 0x0f || type == 0x85;
}

// The chain of logical partitions: each table holds one and the place of the next table.
static void logical(rst_image *m, uint64_t base, bool hybrid) {
    uint64_t at = base;
    for (size_t i = 0; i < MAX_LOGICAL && boot_mark(m, at); i++) {
        const uint8_t *p = m->data + at + TABLE;
        if (p[4] != 0) {
            partition(m, at + (uint64_t)rst_le32(p + 8) * SECTOR,
                      (uint64_t)rst_le32(p + 12) * SECTOR, hybrid);
        }
        p += 16;
        if (!is_extended(p[4]) || rst_le32(p + 8) == 0 || m->over) {
            return;
        }
        uint64_t next = base + (uint64_t)rst_le32(p + 8) * SECTOR;
        if (next <= at) {
            break; // a circle
        }
        at = next;
    }
    rst_image_malformed(m, "chain of logical partitions");
}

static bool guid_table(rst_image *m, bool hybrid) {
    if (!rst_image_has(m, SECTOR, SECTOR) || memcmp(m->data + SECTOR, "EFI PART", 8) != 0) {
        return false;
    }
    const uint8_t *h = m->data + SECTOR;
    uint64_t first = rst_le64(h + 72);
    uint64_t count = rst_le32(h + 80);
    uint64_t size = rst_le32(h + 84);
    uint64_t end = m->n / SECTOR;
    if (size < 128 || size > 4096 || first >= end || count > (m->n - first * SECTOR) / size) {
        rst_image_malformed(m, "partition table");
        return true;
    }
    static const uint8_t unused[16];
    for (uint64_t i = 0; i < count && rst_image_spend(m, 16); i++) {
        const uint8_t *p = m->data + first * SECTOR + i * size;
        uint64_t from = rst_le64(p + 32);
        uint64_t to = rst_le64(p + 40);
        if (memcmp(p, unused, sizeof unused) == 0) {
            continue;
        }
        if (from >= end || to < from) {
            partition(m, m->n, 0, hybrid);
            continue;
        }
        to = to < end ? to : end;
        partition(m, from * SECTOR, (to - from + 1) * SECTOR, hybrid);
    }
    return true;
}

// True if the boot sector's table can be one: any octets may end in the mark.
static bool table_plausible(const rst_image *m) {
    bool used = false;
    for (size_t i = 0; i < 4; i++) {
        const uint8_t *p = m->data + TABLE + 16 * i;
        if ((p[0] & 0x7f) != 0) {
            return false;
        }
        used = used ||
               (p[4] != 0 && rst_le32(p + 12) != 0 && (uint64_t)rst_le32(p + 8) * SECTOR < m->n);
    }
    return used;
}

bool rst_disk_read(rst_image *m, bool hybrid) {
    if (m->over) {
        return false;
    }
    if (!hybrid && (rst_fat_read(m, 0, m->n) || named(m, 0))) {
        return true;
    }
    if (guid_table(m, hybrid)) {
        return true;
    }
    if (!boot_mark(m, 0) || !table_plausible(m)) {
        return false;
    }
    for (size_t i = 0; i < 4 && !m->over; i++) {
        const uint8_t *p = m->data + TABLE + 16 * i;
        uint64_t at = (uint64_t)rst_le32(p + 8) * SECTOR;
        if (p[4] == 0 || (hybrid && at == 0)) {
            continue;
        }
        if (is_extended(p[4])) {
            logical(m, at, hybrid);
        } else {
            partition(m, at, (uint64_t)rst_le32(p + 12) * SECTOR, hybrid);
        }
    }
    return true;
}

// The end of the last block that a dynamic VHD holds; false if the table cannot be read.
static bool vhd_extent(rst_image *m, const uint8_t *table, uint32_t entries, uint32_t block,
                       uint64_t *n) {
    *n = 0;
    for (uint32_t i = 0; i < entries; i++) {
        uint64_t sector = rst_image_be32(table + 4 * (size_t)i);
        if (sector == VHD_UNUSED) {
            continue;
        }
        *n = ((uint64_t)i + 1) * block;
    }
    return rst_image_spend(m, entries / 4);
}

static void vhd_dynamic(rst_image *m, uint64_t header) {
    if (!rst_image_has(m, header, 1024) || memcmp(m->data + header, "cxsparse", 8) != 0) {
        rst_image_malformed(m, "vhd header");
        return;
    }
    const uint8_t *h = m->data + header;
    uint64_t table = rst_image_be64(h + 16);
    uint32_t entries = rst_image_be32(h + 28);
    uint32_t block = rst_image_be32(h + 32);
    uint64_t n;
    if (block < SECTOR || (block & (block - 1)) != 0 ||
        !rst_image_has(m, table, 4 * (uint64_t)entries)) {
        rst_image_malformed(m, "vhd block table");
        return;
    }
    if (!vhd_extent(m, m->data + table, entries, block, &n)) {
        return;
    }
    uint8_t *disk = rst_scratch_take(m->s, m->l, n);
    if (disk == NULL || !rst_image_spend(m, n / 8)) {
        m->over = true;
        return;
    }
    memset(disk, 0, n);
    // In front of each block lies a bitmap of its sectors; those that it leaves out are zeros.
    uint64_t bitmap = ((uint64_t)block / SECTOR / 8 + SECTOR - 1) / SECTOR * SECTOR;
    for (uint64_t i = 0; i * block < n; i++) {
        uint64_t sector = rst_image_be32(m->data + table + 4 * i);
        uint64_t at = sector * SECTOR + bitmap;
        if (sector == VHD_UNUSED) {
            continue;
        }
        if (at > m->n) {
            rst_image_malformed(m, "vhd block beyond the end");
            continue;
        }
        uint64_t take = block < m->n - at ? block : m->n - at;
        if (!rst_image_spend(m, take / 8)) {
            return;
        }
        memcpy(disk + i * block, m->data + at, take);
    }
    m->data = disk;
    m->n = n;
}

bool rst_vhd_read(rst_image *m) {
    if (m->n >= SECTOR && memcmp(m->data, "conectix", 8) == 0) {
        uint32_t kind = rst_image_be32(m->data + 60);
        if (kind == VHD_DYNAMIC) {
            vhd_dynamic(m, rst_image_be64(m->data + 16));
        } else {
            rst_image_say(m, RST_UNSCANNABLE, "vhd, differencing disk");
        }
        return true;
    }
    // Fixed: the octets of the disk, then the footer.
    if (m->n >= (size_t)2 * SECTOR && memcmp(m->data + m->n - SECTOR, "conectix", 8) == 0 &&
        rst_image_be32(m->data + m->n - SECTOR + 60) == VHD_FIXED) {
        m->n -= SECTOR;
        return true;
    }
    return false;
}
