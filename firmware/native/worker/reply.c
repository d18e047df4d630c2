// See reply.h. Nothing here can overflow: the largest report fits, which the compiler checks.
#include "reply.h"

#include <string.h>

enum {
    HEAD = 4 + 8 + 1 + 1 + 2 + 4 + 4 + 8 + 8,
    FINDING = 1 + 1 + 8 + 8 + 2 * (1 + RST_MAX_NAME),
    KEEP = 1 + RST_MAX_KEEP * 16,
    STRING = 1 + 255,
};

// Why there is no verdict.
enum { NO_ROOM = 1 };

_Static_assert(HEAD + RST_MAX_FINDINGS * FINDING + KEEP + 3 * STRING <= RST_REPLY_OCTETS,
               "the largest report must fit one reply");
_Static_assert(RST_MAX_NAME <= 255 && RST_MAX_FIELD <= 255, "a string's length is one octet");

typedef struct {
    uint8_t *out;
    size_t n;
} cursor;

static void put(cursor *c, uint64_t value, size_t octets) {
    for (size_t i = 0; i < octets; i++) {
        c->out[c->n++] = (uint8_t)(value >> (8 * i));
    }
}

static void put_magic(cursor *c, const char *magic) {
    memcpy(c->out + c->n, magic, 4);
    c->n += 4;
}

static void put_string(cursor *c, const char *text, size_t most) {
    size_t n = strnlen(text, most);
    put(c, n, 1);
    memcpy(c->out + c->n, text, n);
    c->n += n;
}

static void put_finding(cursor *c, const rst_finding *finding) {
    put(c, finding->verdict, 1);
    put(c, finding->edit, 1);
    put(c, finding->start, 8);
    put(c, finding->end, 8);
    put_string(c, finding->signature, RST_MAX_NAME - 1);
    put_string(c, finding->part, RST_MAX_NAME - 1);
}

size_t rst_reply_verdict(uint8_t *out, uint64_t tag, const rst_report *report,
                         const char *bundle) {
    cursor c = {out, 0};
    uint32_t findings =
        report->findings_n < RST_MAX_FINDINGS ? report->findings_n : RST_MAX_FINDINGS;
    uint32_t keep = report->keep_n < RST_MAX_KEEP ? report->keep_n : RST_MAX_KEEP;
    put_magic(&c, "RSV1");
    put(&c, tag, 8);
    put(&c, report->verdict, 1);
    put(&c, 0, 1);
    put(&c, findings, 2);
    put(&c, report->found, 4);
    put(&c, report->entries, 4);
    put(&c, report->expanded, 8);
    put(&c, report->work, 8);
    for (uint32_t i = 0; i < findings; i++) {
        put_finding(&c, &report->findings[i]);
    }
    put(&c, keep, 1);
    for (uint32_t i = 0; i < keep; i++) {
        put(&c, report->keep[i].start, 8);
        put(&c, report->keep[i].end, 8);
    }
    put_string(&c, report->from, RST_MAX_FIELD);
    put_string(&c, report->subject, RST_MAX_FIELD);
    put_string(&c, bundle, 255);
    return c.n;
}

size_t rst_reply_no_room(uint8_t *out, uint64_t tag) {
    cursor c = {out, 0};
    put_magic(&c, "RSN1");
    put(&c, tag, 8);
    put(&c, NO_ROOM, 1);
    return c.n;
}

static void put_set(cursor *c, const rst_set_facts *set) {
    put(c, set->hashes, 4);
    put(c, set->patterns, 4);
    put(c, set->built, 8);
    put_string(c, set->name, 255);
}

size_t rst_reply_status(uint8_t *out, uint64_t tag, const rst_server_counts *counts,
                        const rst_set_facts *set, uint8_t origin) {
    cursor c = {out, 0};
    put_magic(&c, "RSS2");
    put(&c, tag, 8);
    put(&c, counts->started, 8);
    put(&c, counts->without_verdict, 8);
    put(&c, counts->adopted, 4);
    put(&c, counts->peak_kib, 4);
    put(&c, origin, 1);
    put_set(&c, set);
    return c.n;
}

size_t rst_reply_set(uint8_t *out, uint64_t tag, const char *wrong, uint64_t number,
                     const rst_set_facts *set) {
    cursor c = {out, 0};
    put_magic(&c, "RSU1");
    put(&c, tag, 8);
    put(&c, number, 8);
    put_set(&c, set);
    put_string(&c, wrong == NULL ? "" : wrong, 255);
    return c.n;
}
