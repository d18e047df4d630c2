// Whole-object hashes: computes only the kinds that the signatures hold, and only while the object
// can still be one of them. A look-up touches one block of the filter, and for one clean object in
// two hundred a page or two of the sorted digests.
#include <string.h>

#include "match_state.h"

enum { MD5 = 0, SHA1 = 1, SHA256 = 2 };

static bool computing(const rst_match *m, int kind) {
    return m->hashing >> kind & 1;
}

static void give_up(rst_match *m, int kind) {
    m->hashing &= ~(1u << kind);
}

static void check(rst_match *m, int result) {
    if (result != 0) {
        m->flags |= RST_STOP_DIGEST;
    }
}

void rst_hashes_start(rst_match *m, rst_hashes *h, uint32_t kinds) {
    if (kinds >> MD5 & 1) {
        mbedtls_md5_init(&h->md5);
        check(m, mbedtls_md5_starts(&h->md5));
    }
    if (kinds >> SHA1 & 1) {
        mbedtls_sha1_init(&h->sha1);
        check(m, mbedtls_sha1_starts(&h->sha1));
    }
    if (kinds >> SHA256 & 1) {
        mbedtls_sha256_init(&h->sha256);
        check(m, mbedtls_sha256_starts(&h->sha256, 0));
    }
}

void rst_hashes_update(rst_match *m, rst_hashes *h, uint32_t kinds, const uint8_t *data,
                       size_t n) {
    if (kinds >> MD5 & 1) {
        check(m, mbedtls_md5_update(&h->md5, data, n));
    }
    if (kinds >> SHA1 & 1) {
        check(m, mbedtls_sha1_update(&h->sha1, data, n));
    }
    if (kinds >> SHA256 & 1) {
        check(m, mbedtls_sha256_update(&h->sha256, data, n));
    }
}

void rst_hashes_finish(rst_match *m, rst_hashes *h, int kind, uint8_t *digest) {
    switch (kind) {
    case MD5:
        check(m, mbedtls_md5_finish(&h->md5, digest));
        break;
    case SHA1:
        check(m, mbedtls_sha1_finish(&h->sha1, digest));
        break;
    default:
        check(m, mbedtls_sha256_finish(&h->sha256, digest));
    }
}

void rst_digest_init(rst_match *m) {
    bool wanted = m->db != NULL && m->kind != RST_OBJECT_TRANSIT;
    m->hashing = 0;
    for (int kind = 0; wanted && kind < RST_DIGEST_KINDS; kind++) {
        if (m->db->hashes[kind] > 0) {
            m->hashing |= 1u << kind;
        }
    }
    rst_hashes_start(m, &m->hashes, m->hashing);
}

void rst_digest_keep(rst_match *m) {
    if (!computing(m, SHA256)) {
        rst_hashes_start(m, &m->hashes, 1u << SHA256);
    }
    m->summing = true;
}

void rst_digest_update(rst_match *m, const uint8_t *data, size_t n) {
    for (int kind = 0; kind < RST_DIGEST_KINDS; kind++) {
        if (computing(m, kind) && m->total > m->db->hash_max[kind]) {
            give_up(m, kind);
        }
    }
    rst_hashes_update(m, &m->hashes, m->hashing | (m->summing ? 1u << SHA256 : 0), data, n);
}

static bool filter_lets_through(const rst_db *db, int kind, const uint8_t *digest) {
    const rst_db_section *filter = &db->section[RST_SECTION_FILTERS + kind];
    uint64_t blocks = filter->size / RST_FILTER_BLOCK;
    uint64_t block = rst_load32(digest) * blocks >> 32;
    const uint8_t *bits = rst_db_record(db, RST_SECTION_FILTERS + kind, block, RST_FILTER_BLOCK);
    for (int probe = 0; bits != NULL && probe < RST_FILTER_PROBES; probe++) {
        uint8_t bit = digest[4 + probe];
        if (!(bits[bit >> 3] >> (bit & 7) & 1)) {
            return false;
        }
    }
    return bits != NULL;
}

static bool is_less(rst_match *m, const rst_digest_column *c, uint32_t index,
                    const uint8_t *digest) {
    const uint8_t *digests = m->db->section[c->section].data;
    m->work++;
    return memcmp(digests + (size_t)index * RST_DIGEST_KEPT, digest, RST_DIGEST_KEPT) < 0;
}

// Digests are evenly spread, so the search begins where this one should lie and widens from
// there: it reads one or two pages where halving the whole table would read a dozen, far apart.
uint32_t rst_digest_search(rst_match *m, const rst_digest_column *c, const uint8_t *digest) {
    uint64_t count = c->count;
    uint64_t value = (uint64_t)digest[0] << 24 | (uint64_t)digest[1] << 16 |
                     (uint64_t)digest[2] << 8 | digest[3];
    uint64_t low = value * count >> 32;
    uint64_t high = low;
    for (uint64_t step = 16; low > 0 && !is_less(m, c, (uint32_t)low - 1, digest); step *= 2) {
        high = low;
        low = low > step ? low - step : 0;
    }
    for (uint64_t step = 16; high < count && is_less(m, c, (uint32_t)high, digest); step *= 2) {
        low = high + 1;
        high = count - high > step ? high + step : count;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (is_less(m, c, (uint32_t)middle, digest)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (uint32_t)low;
}

// Is an object with this hash never infected? The list is short: halving it reads a page or two.
static bool is_allowed(rst_match *m, uint32_t id) {
    size_t low = 0;
    size_t high = m->db->section[RST_SECTION_ALLOWED].size / 4;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t one = rst_load32(m->db->section[RST_SECTION_ALLOWED].data + 4 * middle);
        m->work++;
        if (one == id) {
            return true;
        }
        if (one < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

// The first hash of this kind that names the object; any that allows it counts too. `base` is the
// id of the kind's first hash.
static uint32_t find(rst_match *m, int kind, uint32_t base, const uint8_t *digest) {
    const rst_db *db = m->db;
    rst_digest_column column = {RST_SECTION_DIGESTS + kind, db->hashes[kind]};
    uint32_t found = RST_NO_SIGNATURE;
    if (!filter_lets_through(db, kind, digest)) {
        return found;
    }
    for (uint32_t i = rst_digest_search(m, &column, digest); i < column.count; i++) {
        const uint8_t *kept = rst_db_record(db, RST_SECTION_DIGESTS + kind, i, RST_DIGEST_KEPT);
        const uint8_t *size = rst_db_record(db, RST_SECTION_SIZES + kind, i, 4);
        if (kept == NULL || size == NULL || memcmp(kept, digest, RST_DIGEST_KEPT) != 0) {
            break;
        }
        bool fits = rst_load32(size) == RST_SIG_ANY_SIZE || rst_load32(size) == m->total;
        if (fits) {
            m->allowed = m->allowed || is_allowed(m, base + i);
            bool first = found == RST_NO_SIGNATURE && !rst_match_pardons(m, base + i);
            found = first ? base + i : found;
        }
        m->work++;
    }
    return found;
}

static void finish(rst_match *m, int kind, uint8_t digest[RST_DIGEST_LONGEST]) {
    if (kind == SHA256 && m->summing) {
        memcpy(digest, m->sum, sizeof m->sum);
    } else {
        rst_hashes_finish(m, &m->hashes, kind, digest);
    }
}

uint32_t rst_digest_final(rst_match *m) {
    uint32_t base = m->db == NULL ? 0 : m->db->patterns;
    uint32_t found = RST_NO_SIGNATURE;
    if (m->summing) {
        rst_hashes_finish(m, &m->hashes, SHA256, m->sum);
        m->summed = !(m->flags & (RST_STOP_TOO_LARGE | RST_STOP_DIGEST));
    }
    bool wanted = m->db != NULL && !m->excluded;
    for (int kind = 0; wanted && kind < RST_DIGEST_KINDS; kind++) {
        uint8_t digest[RST_DIGEST_LONGEST];
        if (computing(m, kind) && !(m->flags & RST_STOP_TOO_LARGE)) {
            finish(m, kind, digest);
            uint32_t id = find(m, kind, base, digest);
            found = id < found ? id : found;
        }
        base += m->db->hashes[kind];
    }
    return found;
}
