// Collects findings into the report. One part and one kind of finding give one line: a zip with
// fifty encrypted files says it once. It does not know how anything was found.
#include "report.h"

#include <string.h>

#include "scanner.h"

// From worst to least, as in restante/screening/verdicts.py without "killed".
static const uint8_t precedence[RST_VERDICTS] = {
    [RST_INFECTED] = 14,   [RST_FORBIDDEN] = 13,  [RST_AMBIGUOUS] = 12, [RST_PARTIAL] = 11,
    [RST_RATIO] = 10,      [RST_OVER_BUDGET] = 9, [RST_TOO_DEEP] = 8,   [RST_TOO_MANY] = 7,
    [RST_TOO_LARGE] = 6,   [RST_MALFORMED] = 5,   [RST_MISMATCH] = 4,   [RST_EXTERNAL] = 3,
    [RST_UNSCANNABLE] = 2, [RST_ENCRYPTED] = 1,   [RST_CLEAN] = 0,
};

// Puts `name` and a slash before what is in `path`, as far as there is room: the innermost
// names are the ones that tell. Returns false when something had to be left out.
static bool prepend(char *path, size_t *start, const char *name) {
    size_t n = strlen(name);
    if (n + 1 > *start) {
        return false;
    }
    *start -= n + 1;
    for (size_t i = 0; i < n; i++) {
        path[*start + i] = name[i];
    }
    path[*start + n] = '/';
    return true;
}

static void path_of(const rst_scanner *s, const rst_layer *l, const char *inner,
                    char out[RST_MAX_NAME]) {
    char path[RST_MAX_NAME];
    size_t start = sizeof path - 1;
    path[start] = 0;
    size_t top = (size_t)(l - s->layers);
    bool fits = inner == NULL || prepend(path, &start, inner);
    for (size_t i = top; fits && i > 0; i--) {
        fits = prepend(path, &start, s->layers[i].name);
    }
    size_t n = sizeof path - 1 - start;
    if (n == 0) {
        memcpy(out, "message", 8);
        return;
    }
    memcpy(out, path + start, n - 1); // without the last slash
    out[n - 1] = 0;
}

// The place for a new finding, or NULL when there is none. An infected one takes the place of
// the last that is not: it must not be missing from the list because of lesser ones.
static rst_finding *make_room(rst_scanner *s, rst_verdict verdict, size_t *index) {
    rst_report *r = &s->report;
    if (r->findings_n < RST_MAX_FINDINGS) {
        *index = r->findings_n++;
        return &r->findings[*index];
    }
    for (size_t i = RST_MAX_FINDINGS; verdict == RST_INFECTED && i-- > 0;) {
        if (r->findings[i].verdict != RST_INFECTED) {
            *index = i;
            return &r->findings[i];
        }
    }
    return NULL;
}

static bool known(rst_scanner *s, rst_verdict verdict, const char *text, const rst_place *place,
                  uint8_t depth) {
    const rst_report *r = &s->report;
    for (size_t i = 0; i < r->findings_n; i++) {
        const rst_finding *f = &r->findings[i];
        if (f->verdict == verdict && s->owners[i] == place->owner && f->edit == place->edit &&
            (verdict == RST_INFECTED || strcmp(f->signature, text) == 0)) {
            if (depth < s->depths[i]) {
                s->depths[i] = depth;
            }
            return true;
        }
    }
    return false;
}

void rst_found(rst_scanner *s, rst_verdict verdict, const char *text, const rst_layer *l,
               const rst_place *place, const char *inner) {
    rst_report *r = &s->report;
    if (precedence[verdict] > precedence[r->verdict]) {
        r->verdict = verdict;
    }
    char reason[RST_MAX_NAME];
    size_t n = strnlen(text, sizeof reason - 1);
    memcpy(reason, text, n);
    reason[n] = 0;
    uint8_t depth = (uint8_t)(l - s->layers);
    if (known(s, verdict, reason, place, depth)) {
        return;
    }
    r->found++;
    size_t index;
    rst_finding *f = make_room(s, verdict, &index);
    if (f == NULL) {
        return;
    }
    memset(f, 0, sizeof *f);
    f->verdict = verdict;
    f->edit = place->edit;
    if (place->edit != RST_EDIT_WHOLE) {
        f->start = place->start;
        f->end = place->start; // until the part has ended
    }
    memcpy(f->signature, reason, n + 1);
    path_of(s, l, inner, f->part);
    s->owners[index] = place->owner;
    s->depths[index] = depth;
}

bool rst_found_forget(rst_scanner *s, const rst_layer *l) {
    rst_report *r = &s->report;
    if (r->found > r->findings_n) {
        return false;
    }
    uint32_t kept = l->found;
    for (uint32_t i = l->found; i < r->findings_n; i++) {
        if (s->depths[i] < (uint8_t)(l - s->layers)) {
            r->findings[kept] = r->findings[i];
            s->owners[kept] = s->owners[i];
            s->depths[kept++] = s->depths[i];
        }
    }
    memset(&r->findings[kept], 0, (r->findings_n - kept) * sizeof r->findings[0]);
    r->findings_n = kept;
    r->found = kept;
    r->verdict = RST_CLEAN;
    for (uint32_t i = 0; i < kept; i++) {
        if (precedence[r->findings[i].verdict] > precedence[r->verdict]) {
            r->verdict = r->findings[i].verdict;
        }
    }
    return true;
}

bool rst_found_inside(const rst_scanner *s, uint32_t from, const char *signature) {
    const rst_report *r = &s->report;
    for (size_t i = from; i < r->findings_n; i++) {
        const rst_finding *f = &r->findings[i];
        if (f->verdict == RST_INFECTED &&
            strncmp(f->signature, signature, sizeof f->signature - 1) == 0) {
            return true;
        }
    }
    return false;
}

void rst_part_ended(rst_scanner *s, uint32_t owner, uint64_t end) {
    rst_report *r = &s->report;
    for (size_t i = 0; i < r->findings_n; i++) {
        if (s->owners[i] == owner && r->findings[i].edit != RST_EDIT_WHOLE) {
            r->findings[i].end = end;
        }
    }
}
