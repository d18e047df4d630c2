// Rules about names, and marks of types: what is told from outside of an object or by its first
// octets. Globs: `*`, `?`, sets `[a-z]` and `[^a-z]`, `\\` before a character that means itself;
// over octets. No recursion: only the last `*` is gone back to, which is enough, since what lies
// before it is matched as early as can be.
#include <string.h>

#include "match.h"
#include "sigfile.h"

static uint8_t folded(uint8_t c, bool caseless) {
    return caseless && c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

// One character of a glob that is no star, at *at. Moves *at behind it.
static bool one_fits(const char *glob, size_t *at, uint8_t c, bool caseless) {
    uint8_t g = (uint8_t)glob[(*at)++];
    if (g == '?') {
        return true;
    }
    if (g != '[') {
        if (g == '\\' && glob[*at] != 0) {
            g = (uint8_t)glob[(*at)++];
        }
        return folded(g, caseless) == folded(c, caseless);
    }
    bool negated = glob[*at] == '^';
    *at += negated;
    bool in = false;
    for (bool first = true; glob[*at] != 0 && (first || glob[*at] != ']'); first = false) {
        *at += glob[*at] == '\\' && glob[*at + 1] != 0;
        uint8_t low = folded((uint8_t)glob[(*at)++], caseless);
        uint8_t high = low;
        if (glob[*at] == '-' && glob[*at + 1] != ']' && glob[*at + 1] != 0) {
            *at += 1;
            *at += glob[*at] == '\\' && glob[*at + 1] != 0;
            high = folded((uint8_t)glob[(*at)++], caseless);
        }
        in = in || (folded(c, caseless) >= low && folded(c, caseless) <= high);
    }
    *at += glob[*at] == ']';
    return in != negated;
}

static bool glob_fits(const char *glob, const char *text, bool caseless, uint64_t *work) {
    size_t g = 0;
    size_t t = 0;
    size_t star = SIZE_MAX; // behind the last star
    size_t resume = 0;      // where it has got to in the text
    for (;;) {
        ++*work;
        if (glob[g] == '*') {
            star = ++g;
            resume = t;
            continue;
        }
        if (text[t] == 0 && glob[g] == 0) {
            return true;
        }
        if (text[t] != 0 && glob[g] != 0 && one_fits(glob, &g, (uint8_t)text[t], caseless)) {
            t++;
            continue;
        }
        if (star == SIZE_MAX || text[resume] == 0) {
            return false;
        }
        t = ++resume;
        g = star;
    }
}

static bool text_fits(const rst_db *db, const uint8_t *rule, const char *text, uint64_t *work) {
    const uint8_t *glob =
        rst_db_octets(db, RST_SECTION_NAMES, rst_load32(rule + RST_RULE_GLOB), 1);
    return glob != NULL && glob_fits((const char *)glob, text, rule[RST_RULE_CASELESS] != 0, work);
}

static uint32_t id_of(const rst_db *db, uint32_t rule) {
    return db->ids - db->rules + rule;
}

// What follows the last slash of either kind.
static const char *last_name(const char *path) {
    const char *name = path;
    for (; *path != 0; path++) {
        if (*path == '/' || *path == '\\') {
            name = path + 1;
        }
    }
    return name;
}

uint32_t rst_match_text(const rst_db *db, rst_rule kind, const char *text, uint64_t *work) {
    uint32_t rules = db == NULL ? 0 : db->rules;
    const char *name = kind == RST_BY_FILE && rules > 0 ? last_name(text) : text;
    for (uint32_t i = 0; i < rules; i++) {
        const uint8_t *rule = rst_db_record(db, RST_SECTION_RULES, i, RST_RULE_SIZE);
        if (rule != NULL && rule[RST_RULE_KIND] == kind &&
            (text_fits(db, rule, text, work) ||
             (name != text && text_fits(db, rule, name, work)))) {
            return id_of(db, i);
        }
        ++*work;
    }
    return RST_NO_SIGNATURE;
}

static bool in_range(const uint8_t *rule, size_t low, size_t high, uint64_t value) {
    return value >= rst_load64(rule + low) && value <= rst_load64(rule + high);
}

static bool entry_fits(const rst_db *db, const uint8_t *rule, const rst_entry *e, uint64_t *work) {
    uint8_t container = rule[RST_RULE_CONTAINER];
    uint8_t encrypted = rule[RST_RULE_ENCRYPTED];
    return rule[RST_RULE_KIND] == RST_BY_ENTRY &&
           (container == RST_CONTAINER_ANY || container == e->container) &&
           (encrypted > 1 || (encrypted == 1) == e->encrypted) &&
           e->position >= rst_load32(rule + RST_RULE_POSITION_LOW) &&
           e->position <= rst_load32(rule + RST_RULE_POSITION_HIGH) &&
           in_range(rule, RST_RULE_PACKED_LOW, RST_RULE_PACKED_HIGH, e->packed) &&
           in_range(rule, RST_RULE_ENTRY_LOW, RST_RULE_ENTRY_HIGH, e->size) &&
           text_fits(db, rule, e->name, work);
}

uint32_t rst_match_entry(const rst_db *db, const rst_entry *entry, uint64_t *work) {
    uint32_t rules = db == NULL ? 0 : db->rules;
    for (uint32_t i = 0; i < rules; i++) {
        const uint8_t *rule = rst_db_record(db, RST_SECTION_RULES, i, RST_RULE_SIZE);
        ++*work;
        if (rule != NULL && entry_fits(db, rule, entry, work)) {
            return id_of(db, i);
        }
    }
    return RST_NO_SIGNATURE;
}

const char *rst_db_type(const rst_db *db, const uint8_t *head, size_t n) {
    size_t marks = db == NULL ? 0 : db->section[RST_SECTION_MARKS].size / RST_MARK_SIZE;
    for (size_t i = 0; i < marks; i++) {
        const uint8_t *mark = db->section[RST_SECTION_MARKS].data + i * RST_MARK_SIZE;
        size_t place = rst_load32(mark + RST_MARK_PLACE);
        size_t length = rst_load32(mark + RST_MARK_LENGTH);
        if (length == 0 || place > n || length > n - place) {
            continue;
        }
        const uint8_t *values = rst_db_octets(db, RST_SECTION_PATTERN_POOL,
                                              rst_load32(mark + RST_MARK_BYTES), 2 * length);
        const uint8_t *name =
            rst_db_octets(db, RST_SECTION_NAMES, rst_load32(mark + RST_MARK_NAME), 1);
        size_t same = 0;
        while (values != NULL && same < length &&
               ((head[place + same] ^ values[same]) & values[length + same]) == 0) {
            same++;
        }
        if (same == length && name != NULL) {
            return (const char *)name;
        }
    }
    return NULL;
}
