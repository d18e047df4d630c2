// Whole-object hashes: computes only the kinds that the signatures hold, and only while the object
// can still be one of them. A look-up touches one block of the filter, and for one clean object in
// two hundred a page or two of the sorted digests.
#include <string.h>

#include "match_state.h"

enum { MD5 = 0, SHA1 = 1, SHA256 = 2, DIGEST_LONGEST = 32 };

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

void rst_digest_init(rst_match *m) {
    bool wanted = m->db != NULL && m->kind != RST_OBJECT_TRANSIT;
    m->hashing = 0;
    for (int kind = 0; wanted && kind < RST_DIGEST_KINDS; kind++) {
        if (m->db->hashes[kind] > 0) {
            m->hashing |= 1u << kind;
        }
    }
    if (computing(m, MD5)) {
        mbedtls_md5_init(&m->md5);
        check(m, mbedtls_md5_starts(&m->md5));
    }
    if (computing(m, SHA1)) {
        mbedtls_sha1_init(&m->sha1);
        check(m, mbedtls_sha1_starts(&m->sha1));
    }
    if (computing(m, SHA256)) {
        mbedtls_sha256_init(&m->sha256);
        check(m, mbedtls_sha256_starts(&m->sha256, 0));
    }
}

void rst_digest_keep(rst_match *m) {
    if (!computing(m, SHA256)) {
        mbedtls_sha256_init(&m->sha256);
        check(m, mbedtls_sha256_starts(&m->sha256, 0));
    }
    m->summing = true;
}

void rst_digest_update(rst_match *m, const uint8_t *data, size_t n) {
    for (int kind = 0; kind < RST_DIGEST_KINDS; kind++) {
        if (computing(m, kind) && m->total > m->db->hash_max[kind]) {
            give_up(m, kind);
        }
    }
    if (computing(m, MD5)) {
        check(m, mbedtls_md5_update(&m->md5, data, n));
    }
    if (computing(m, SHA1)) {
        check(m, mbedtls_sha1_update(&m->sha1, data, n));
    }
    if (computing(m, SHA256) || m->summing) {
        check(m, mbedtls_sha256_update(&m->sha256, data, n));
    }
}

static void finish(rst_match *m, int kind, uint8_t digest[DIGEST_LONGEST]) {
    switch (kind) {
    case MD5:
        check(m, mbedtls_md5_finish(&m->md5, digest));
        break;
    case SHA1:
        check(m, mbedtls_sha1_finish(&m->sha1, digest));
        break;
    default:
        if (m->summing) {
            memcpy(digest, m->sum, sizeof m->sum);
        } else {
            check(m, mbedtls_sha256_finish(&m->sha256, digest));
        }
    }
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

static bool is_less(rst_match *m, int kind, uint32_t index, const uint8_t *digest) {
    const uint8_t *digests = m->db->section[RST_SECTION_DIGESTS + kind].data;
    m->work++;
    return memcmp(digests + (size_t)index * RST_DIGEST_KEPT, digest, RST_DIGEST_KEPT) < 0;
}

// The first digest that is not less than the one looked for. Digests are evenly spread, so the
// search begins where this one should lie and widens from there: it reads one or two pages where
// halving the whole table would read a dozen, far apart.
static uint32_t lower_bound(rst_match *m, int kind, const uint8_t *digest) {
    uint64_t count = m->db->hashes[kind];
    uint64_t value = (uint64_t)digest[0] << 24 | (uint64_t)digest[1] << 16 |
                     (uint64_t)digest[2] << 8 | digest[3];
    uint64_t low = value * count >> 32;
    uint64_t high = low;
    for (uint64_t step = 16; low > 0 && !is_less(m, kind, (uint32_t)low - 1, digest); step *= 2) {
        high = low;
        low = low > step ? low - step : 0;
    }
    for (uint64_t step = 16; high < count && is_less(m, kind, (uint32_t)high, digest); step *= 2) {
        low = high + 1;
        high = count - high > step ? high + step : count;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (is_less(m, kind, (uint32_t)middle, digest)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (uint32_t)low;
}

// `base`: the id of the first digest of this kind.
static uint32_t find(rst_match *m, int kind, const uint8_t *digest, uint32_t base) {
    const rst_db *db = m->db;
    if (!filter_lets_through(db, kind, digest)) {
        return RST_NO_SIGNATURE;
    }
    for (uint32_t i = lower_bound(m, kind, digest); i < db->hashes[kind]; i++) {
        const uint8_t *kept = rst_db_record(db, RST_SECTION_DIGESTS + kind, i, RST_DIGEST_KEPT);
        const uint8_t *size = rst_db_record(db, RST_SECTION_SIZES + kind, i, 4);
        if (kept == NULL || size == NULL || memcmp(kept, digest, RST_DIGEST_KEPT) != 0) {
            break;
        }
        bool fits = rst_load32(size) == RST_SIG_ANY_SIZE || rst_load32(size) == m->total;
        if (fits && !rst_match_pardons(m, base + i)) {
            return i;
        }
    }
    return RST_NO_SIGNATURE;
}

uint32_t rst_digest_final(rst_match *m) {
    uint32_t base = m->db == NULL ? 0 : m->db->patterns;
    if (m->summing) {
        check(m, mbedtls_sha256_finish(&m->sha256, m->sum));
        m->summed = !(m->flags & (RST_STOP_TOO_LARGE | RST_STOP_DIGEST));
    }
    bool wanted = m->db != NULL && !m->excluded;
    for (int kind = 0; wanted && kind < RST_DIGEST_KINDS; kind++) {
        uint8_t digest[DIGEST_LONGEST];
        if (computing(m, kind) && !(m->flags & RST_STOP_TOO_LARGE)) {
            finish(m, kind, digest);
            uint32_t index = find(m, kind, digest, base);
            if (index != RST_NO_SIGNATURE) {
                return base + index;
            }
        }
        base += m->db->hashes[kind];
    }
    return RST_NO_SIGNATURE;
}
