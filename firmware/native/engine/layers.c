// The stack of layers: opens, feeds and closes them, tells their format, matches them. It knows
// no format by itself; formats.c lists the handlers.
#include <string.h>

#include "image.h"
#include "judge.h"
#include "magic.h"
#include "marks.h"
#include "names.h"
#include "report.h"
#include "scanner.h"
#include "sigrules.h"

enum {
    // A mark of any container but tar fits in this many octets. Text and messages that lie in
    // the wire form are told by these only: a tar header in clear text would break mail lines.
    SHORT_HEAD = 14,
    // Opening a layer costs about as much as this many octets: hash contexts, pattern state.
    OPEN_UNITS = 128,
};

static const rst_place whole = {RST_EDIT_WHOLE, 0, 0, false};

bool rst_count_entry(rst_scanner *s, const rst_layer *in) {
    s->report.entries++;
    if (s->report.entries <= s->limits.entries) {
        return true;
    }
    if (!s->too_many) {
        s->too_many = true;
        // What follows is not looked at, wherever it is: replacing one part would not help.
        rst_found(s, RST_TOO_MANY, "more parts than the limit", in, &whole, NULL);
    }
    return false;
}

rst_layer *rst_layer_open(rst_scanner *s, rst_hint hint, const char *name, const rst_place *place,
                          bool wired) {
    if (s->halted) {
        return NULL;
    }
    if (s->layer_n + s->level_n >= s->limits.depth) {
        const rst_layer *in = s->layer_n > 0 ? &s->layers[s->layer_n - 1] : &s->layers[0];
        rst_found(s, RST_TOO_DEEP, "nested deeper than the limit", in, place, name);
        return NULL;
    }
    rst_layer *l = &s->layers[s->layer_n++];
    l->place = *place;
    l->format = RST_FORMAT_UNDECIDED;
    l->type = RST_TYPE_UNKNOWN;
    l->content = RST_TYPE_UNKNOWN;
    l->by_name = RST_TYPES;
    l->unnamed = false;
    l->too_many = s->too_many;
    l->alias[0] = 0;
    l->declared[0] = 0;
    l->room = s->scratch_n;
    l->hint = hint;
    l->charset = RST_TEXT_OCTETS;
    l->wired = wired && hint != RST_HINT_FILE;
    l->found = s->report.findings_n;
    l->head_n = 0;
    l->head_wire = RST_NO_WIRE;
    size_t n = strnlen(name, sizeof l->name - 1);
    memcpy(l->name, name, n);
    l->name[n] = 0;
    rst_object_kind kind = hint == RST_HINT_MAIL ? RST_OBJECT_MAIL : RST_OBJECT_FILE;
    rst_match_init(&l->match, s->db, s->layer_n == 1 ? RST_OBJECT_TRANSIT : kind);
    uint64_t spent = rst_spent(s);
    rst_match_budget(&l->match, spent < s->limits.work ? s->limits.work - spent : 0);
    if (s->rule_kinds >> RST_RULE_ALLOW_SIGNATURE & 1) {
        rst_match_allow(&l->match, &s->rules);
    }
    if (s->rule_kinds >> RST_RULE_ALLOW_HASH & 1 && s->layer_n > 1) {
        rst_match_keep_sum(&l->match);
    }
    rst_spend(s, OPEN_UNITS);
    rst_sigrules_name(s, l);
    return l;
}

static bool in_zip(const rst_scanner *s, const rst_layer *l) {
    return l > s->layers && l[-1].format == RST_FORMAT_ZIP;
}

// A type for what the first octets alone do not tell.
static rst_type told_otherwise(const rst_scanner *s, const rst_layer *l) {
    const uint8_t *head = l->head;
    if (in_zip(s, l) && rst_relations_named(l->name)) {
        return RST_TYPE_RELATIONS;
    }
    if (l->hint == RST_HINT_MAIL || (l->hint == RST_HINT_FILE && rst_magic_mail_name(l->name))) {
        return RST_TYPE_MAIL;
    }
    if (l->hint == RST_HINT_FILE && rst_magic_pdf_name(l->name)) {
        return RST_TYPE_PDF;
    }
    if (l->hint == RST_HINT_FILE && rst_magic_zip_inside(head, l->head_n, l->name)) {
        return RST_TYPE_ZIP;
    }
    if (l->hint == RST_HINT_HTML || rst_html_name(l->name) || rst_html_head(head, l->head_n)) {
        return rst_magic_xml(head, l->head_n) ? RST_TYPE_XML : RST_TYPE_HTML;
    }
    if (l->head_n >= 2 && head[0] == '#' && head[1] == '!') {
        return RST_TYPE_SCRIPT;
    }
    if (l->hint == RST_HINT_TEXT) {
        return RST_TYPE_TEXT;
    }
    return rst_magic_pdf_inside(head, l->head_n) ? RST_TYPE_PDF : RST_TYPE_UNKNOWN;
}

// Readers show a message or HTML as such whatever it begins with. A mark in front may only decide
// where it leads to a closer look or a verdict; else a few octets would hide what follows.
static rst_type keep_to_hint(const rst_layer *l, rst_type opens) {
    rst_format format = rst_types[opens].format;
    bool quiet =
        rst_magic_quiet(opens) || format == RST_FORMAT_PDF || format == RST_FORMAT_ONENOTE;
    if (quiet && l->hint == RST_HINT_MAIL) {
        return RST_TYPE_MAIL;
    }
    return quiet && l->hint == RST_HINT_HTML && !rst_magic_pdf_name(l->name) ? RST_TYPE_HTML
                                                                             : opens;
}

// The type whose handler reads this object. `told`: by the marks. What has nothing inside by its
// mark may still be something else to a reader that goes by the name, or looks further.
static rst_type opening_type(const rst_scanner *s, const rst_layer *l, rst_type told) {
    rst_type opens = told;
    if (l->hint == RST_HINT_OLE1 && opens != RST_TYPE_OLE) {
        opens = RST_TYPE_OLE1;
    }
    bool shown = l->hint == RST_HINT_MAIL || l->hint == RST_HINT_HTML;
    if (!shown && rst_image_candidate(l->head, l->head_n, l->name)) {
        opens = RST_TYPE_IMAGE;
    }
    if (rst_magic_quiet(opens)) {
        rst_type other = told_otherwise(s, l);
        opens = told == RST_TYPE_UNKNOWN || !rst_magic_quiet(other) ? other : opens;
    }
    return keep_to_hint(l, opens);
}

// By words, where there is no mark.
static rst_type worded(const rst_layer *l, rst_type opens, bool text) {
    rst_type words = rst_magic_words(l->head, l->head_n);
    bool markup = rst_types[opens].format == RST_FORMAT_HTML;
    bool kept = markup || opens == RST_TYPE_MAIL ||
                (opens == RST_TYPE_PDF && rst_magic_pdf_inside(l->head, l->head_n));
    bool more = markup && rst_types[words].format == RST_FORMAT_HTML;
    if (words != RST_TYPE_UNKNOWN && (!kept || more || rst_family_active(rst_family_of(words)))) {
        return words;
    }
    return kept ? opens : text ? RST_TYPE_TEXT : RST_TYPE_UNKNOWN;
}

// What the octets say it is; how it is opened is another matter. A zip that only its name promises
// is none until it is found.
static rst_type content_of(const rst_layer *l, rst_type told, rst_type opens, bool text) {
    if (opens == RST_TYPE_OLE1 || opens == RST_TYPE_RELATIONS) {
        return opens;
    }
    if (told == RST_TYPE_UNKNOWN && l->hint != RST_HINT_MAIL) {
        return worded(l, opens, text);
    }
    bool shown = l->hint == RST_HINT_MAIL || l->hint == RST_HINT_HTML;
    return shown && !rst_family_active(rst_family_of(told)) ? opens : told;
}

// What is of no type or mere text may be of one by the signatures' marks: `*opens` is then how it
// is read, but a type in which nothing lies does not keep text from being read as text.
static rst_type marked(rst_scanner *s, const rst_layer *l, rst_type content, rst_type *opens) {
    bool open = *opens == RST_TYPE_UNKNOWN || *opens == RST_TYPE_TEXT;
    if (!open || (content != RST_TYPE_UNKNOWN && content != RST_TYPE_TEXT)) {
        return content;
    }
    rst_type type = rst_marks_type(s, l);
    if (type != RST_TYPE_UNKNOWN && !rst_magic_quiet(type)) {
        *opens = type;
    }
    return type != RST_TYPE_UNKNOWN ? type : content;
}

// Tells the types of the object; gives the one whose handler reads it.
static rst_type refine(rst_scanner *s, rst_layer *l, rst_type told, rst_type opens) {
    bool text = rst_magic_text(l->head, l->head_n);
    l->type = marked(s, l, content_of(l, told, opens, text), &opens);
    if (l->type == RST_TYPE_TEXT && strcmp(l->declared, "text/html") == 0) {
        l->type = RST_TYPE_HTML;
    } else if (l->type == RST_TYPE_TEXT && strcmp(l->declared, "text/calendar") == 0) {
        l->type = RST_TYPE_CALENDAR;
    }
    l->content = l->type;
    rst_name name;
    rst_name_read(&name, l->unnamed ? "" : l->name);
    rst_type named = rst_name_type(&name, l->type, text);
    if (named != l->type) {
        l->by_name = named;
        l->type = named;
    }
    return opens;
}

void rst_layer_refine(rst_layer *l, rst_type type) {
    rst_name name;
    rst_name_read(&name, l->unnamed ? "" : l->name);
    bool runs = rst_family_active(rst_family_of(l->type)) && name.last != NULL &&
                rst_family_active(name.last->family);
    l->content = type;
    if (!runs || rst_family_active(rst_family_of(type))) {
        l->type = type;
    } else {
        l->by_name = l->type;
    }
}

static void match(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_match_update(&l->match, data, n);
    rst_spend(s, n);
}

static void decide(rst_scanner *s, rst_layer *l) {
    rst_type told = rst_magic(l->head, l->head_n);
    rst_type opens = refine(s, l, told, opening_type(s, l, told));
    const rst_type_row *row = &rst_types[opens];
    l->format = row->format;
    if (row->closed != NULL) {
        rst_found(s, RST_UNSCANNABLE, row->closed, l, &l->place, NULL);
    }
    if (rst_judge_excluded(s, l)) {
        rst_match_exclude(&l->match);
    }
    const rst_handler *h = &rst_handlers[l->format];
    h->begin(s, l);
    if (l->head_n > 0) {
        match(s, l, l->head, l->head_n);
        h->write(s, l, l->head, l->head_n, l->wired ? l->head_wire : RST_NO_WIRE);
    }
}

// Takes first octets until the format can be told. Returns how many it took.
static size_t take_head(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n,
                        uint64_t wire) {
    size_t want = l->wired ? SHORT_HEAD : RST_HEAD;
    if (l->head_n == 0) {
        l->head_wire = wire;
    } else if (l->wired && rst_wire(l->head_wire, l->head_n) != wire) {
        decide(s, l); // a removed dot: a container has no lines
        return 0;
    }
    size_t take = want - l->head_n < n ? want - l->head_n : n;
    memcpy(l->head + l->head_n, data, take);
    l->head_n = (uint16_t)(l->head_n + take);
    if (l->head_n == want) {
        decide(s, l);
    }
    return take;
}

void rst_layer_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    if (n == 0 || s->halted) {
        return;
    }
    if (s->watch.octets != NULL) {
        s->watch.octets(s->watch.user, l, data, n);
    }
    while (l->format == RST_FORMAT_UNDECIDED && n > 0) {
        size_t used = take_head(s, l, data, n, wire);
        data += used;
        n -= used;
        wire = rst_wire(wire, used);
    }
    if (n > 0 && !s->halted) {
        match(s, l, data, n);
        rst_handlers[l->format].write(s, l, data, n, l->wired ? wire : RST_NO_WIRE);
    }
}

// The object's own octets are allowed by name: whatever was found in it is taken back.
static bool allowed(rst_scanner *s, rst_layer *l) {
    const uint8_t *sum = rst_match_sum(&l->match);
    if (sum == NULL || s->halted || !rst_rules_hash(&s->rules, sum)) {
        return false;
    }
    bool forgotten = rst_found_forget(s, l);
    if (forgotten) {
        s->too_many = l->too_many;
    }
    return forgotten;
}

static void note_match(rst_scanner *s, rst_layer *l, uint32_t id) {
    if (s->halted || rst_judge_excluded(s, l)) {
        return;
    }
    if (id != RST_NO_SIGNATURE) {
        const char *name = rst_db_signature_name(s->db, id);
        // The innermost name says most, and what is replaced there is not found here again.
        if (!rst_found_inside(s, l->found, name)) {
            rst_found(s, RST_INFECTED, name, l, &l->place, NULL);
        }
    } else if (rst_match_overflow(&l->match)) {
        rst_found(s, RST_OVER_BUDGET, "too much work for the matcher", l, &l->place, NULL);
    } else if (rst_match_program_far(&l->match)) {
        rst_found(s, RST_UNSCANNABLE, "program header out of reach", l, &l->place, NULL);
    }
}

void rst_layer_close(rst_scanner *s, rst_layer *l) {
    if (l->format == RST_FORMAT_UNDECIDED) {
        decide(s, l);
    }
    rst_handlers[l->format].end(s, l);
    if (s->watch.end != NULL) {
        s->watch.end(s->watch.user, l);
    }
    uint32_t id = rst_match_final(&l->match);
    if (!allowed(s, l)) {
        note_match(s, l, id);
        rst_judge(s, l);
    }
    s->units += rst_match_work(&l->match);
    s->scratch_n = l->room;
    s->layer_n--;
}
