// See pdf.h. Two readings of where a stream ends are both taken: its octets are decoded as its
// dictionary measures them, if "endstream" stands there, and the search for objects goes on
// behind the first "endstream" or "N N obj" in it, for a reader may begin there.
//
// Each stream that is decoded is an object of its own to the matcher. A document has one to
// three streams a page, so only those count as entries that are embedded files or turn out to
// be of some type; for the others work alone is the limit, and each layer costs some of it.
#include "pdf.h"

#include <string.h>

#include "print.h"
#include "report.h"
#include "scanner.h"

typedef struct {
    size_t pos;
    size_t text;     // where text that is no stream begins
    size_t body;     // behind the last "obj"
    uint32_t number; // its object
    bool inside;     // a stream
    bool first;      // the first time through: objects and names are noted
} walk;

static bool here(const rst_pdf *f, size_t at, const char *word) {
    size_t n = strlen(word);
    return f->n - at >= n && memcmp(f->p + at, word, n) == 0;
}

static size_t digits_before(const rst_pdf *f, size_t end) {
    size_t n = 0;
    while (n < end && n < 10 && f->p[end - 1 - n] >= '0' && f->p[end - 1 - n] <= '9') {
        n++;
    }
    return n;
}

static size_t white_before(const rst_pdf *f, size_t end) {
    size_t at = end;
    while (at > 0 && end - at < 64 && rst_pdf_white(f->p[at - 1])) {
        at--;
    }
    return at;
}

// "12 0 obj", the word being at `at`.
static bool object_number(const rst_pdf *f, size_t at, uint32_t *number, size_t *begin) {
    size_t end = white_before(f, at);
    size_t generation = digits_before(f, end);
    if (generation == 0) {
        return false;
    }
    size_t gap = end - generation;
    end = white_before(f, gap);
    size_t n = digits_before(f, end);
    if (end == gap || n == 0) {
        return false;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v * 10 + (uint64_t)(f->p[end - n + i] - '0');
    }
    *number = v < RST_PDF_OBJECTS ? (uint32_t)v : 0;
    *begin = end - n;
    return true;
}

static void end_text(rst_pdf *f, walk *w, size_t to) {
    if (w->first && !w->inside && to > w->text) {
        rst_pdf_names_write(f, f->p + w->text, to - w->text);
        rst_pdf_names_write(f, (const uint8_t *)" ", 1);
    }
}

static void at_object(rst_pdf *f, walk *w) {
    uint32_t number;
    size_t begin;
    if (!object_number(f, w->pos, &number, &begin)) {
        return;
    }
    end_text(f, w, begin);
    w->inside = false;
    w->number = number;
    w->body = w->pos + 3;
    w->text = w->body;
    if (w->first && number < f->at_n) {
        f->at[number] = (uint32_t)w->body;
    }
}

// Where octets begin behind "stream" at `at`; 0 if this is another word.
static size_t data_behind(const rst_pdf *f, size_t at) {
    if (at > 0 && !rst_pdf_delimiter(f->p[at - 1])) {
        return 0;
    }
    at += 6;
    while (at < f->n && (f->p[at] == ' ' || f->p[at] == '\t')) {
        at++;
    }
    if (here(f, at, "\r\n")) {
        return at + 2;
    }
    return at < f->n && (f->p[at] == '\r' || f->p[at] == '\n') ? at + 1 : 0;
}

// True if, as a reader takes it, the word behind the dictionary at `body` stands at `at`: then it
// is a stream's beginning though another one seemed to have begun.
static bool begins_here(const rst_pdf *f, size_t body, size_t at) {
    rst_pdf_text t = {f->p, at + 6, body};
    rst_pdf_token token;
    size_t depth = 0;
    if (!rst_budget_left(f->s)) {
        return false;
    }
    do {
        rst_pdf_next(&t, &token);
        depth += token.kind == RST_PDF_DICT || token.kind == RST_PDF_ARRAY;
        depth -= depth > 0 && (token.kind == RST_PDF_DICT_END || token.kind == RST_PDF_ARRAY_END);
    } while (depth > 0 && token.kind != RST_PDF_END);
    rst_spend(f->s, t.at - body);
    rst_pdf_next(&t, &token);
    return token.kind == RST_PDF_OTHER && t.at == at + 6;
}

static bool at_stream(rst_pdf *f, walk *w, rst_pdf_stream *o) {
    size_t data = data_behind(f, w->pos);
    if (data == 0 || (w->inside && !begins_here(f, w->body, w->pos))) {
        return false;
    }
    end_text(f, w, w->pos);
    w->inside = true;
    *o = (rst_pdf_stream){.number = w->number, .data = data};
    o->dict = (rst_pdf_text){f->p, w->pos, w->body};
    w->pos = data;
    return true;
}

// The next stream from front to back.
static bool next_stream(rst_pdf *f, walk *w, rst_pdf_stream *o) {
    for (; w->pos < f->n; w->pos++) {
        uint8_t c = f->p[w->pos];
        if (c == 'o' && here(f, w->pos, "obj")) {
            at_object(f, w);
        } else if (c == 's' && here(f, w->pos, "stream")) {
            if (at_stream(f, w, o)) {
                return true;
            }
        } else if (c == 'e' && w->inside && here(f, w->pos, "endstream")) {
            w->pos += 8;
            w->inside = false;
            w->text = w->pos + 1;
            w->body = w->text;
            w->number = 0;
        }
    }
    end_text(f, w, f->n);
    w->text = f->n;
    return false;
}

static bool is_marked(const rst_pdf *f, uint32_t number) {
    return number == 0 || number >= f->at_n || (f->marked[number / 8] >> number % 8 & 1) != 0;
}

static bool named(const rst_pdf *f, rst_pdf_text dict, const char *key, const char *value) {
    rst_pdf_text v;
    rst_pdf_token token;
    if (rst_pdf_find(f, dict, key, &v) == 0) {
        return false;
    }
    rst_pdf_next(&v, &token);
    return token.kind == RST_PDF_IS_NAME && strcmp(token.name, value) == 0;
}

static void describe(const rst_pdf *f, rst_pdf_stream *o) {
    rst_pdf_text v;
    o->embedded = named(f, o->dict, "Type", "EmbeddedFile");
    o->holds_objects =
        named(f, o->dict, "Type", "ObjStm") ||
        (rst_pdf_find(f, o->dict, "First", &v) > 0 && rst_pdf_find(f, o->dict, "N", &v) > 0);
    // Pixels: not worth their octets (a page has 25 MB), unless a reader takes them as a file.
    o->image = named(f, o->dict, "Subtype", "Image") &&
               rst_pdf_find(f, o->dict, "Width", &v) > 0 && !o->embedded && !o->holds_objects &&
               !is_marked(f, o->number);
}

static size_t find_end(rst_pdf *f, size_t from) {
    if (from >= f->end_from && from <= f->end_at) {
        return f->end_at;
    }
    f->end_from = from;
    const uint8_t *p = f->p + from;
    const uint8_t *end = f->p + f->n;
    while (p < end && (p = memchr(p, 'e', (size_t)(end - p))) != NULL) {
        if (here(f, (size_t)(p - f->p), "endstream")) {
            f->end_at = (size_t)(p - f->p);
            return f->end_at;
        }
        p++;
    }
    f->end_at = f->n;
    return f->n;
}

static size_t stream_end(rst_pdf *f, const rst_pdf_stream *o) {
    uint32_t length = rst_pdf_number(f, o->dict, "Length", UINT32_MAX);
    if (length <= f->n - o->data) {
        size_t at = o->data + length;
        while (at < f->n && rst_pdf_white(f->p[at]) && at - o->data - length < 4) {
            at++;
        }
        if (here(f, at, "endstream")) {
            return o->data + length;
        }
    }
    size_t end = find_end(f, o->data);
    if (end == f->n) {
        rst_found(f->s, RST_MALFORMED, "pdf, stream is cut off", f->l, &f->l->place, NULL);
        return end;
    }
    end -= end > o->data && f->p[end - 1] == '\n';
    end -= end > o->data && f->p[end - 1] == '\r';
    return end;
}

static void open_child(rst_pdf *f) {
    f->opened = true;
    if (f->stream->embedded && !rst_count_entry(f->s, f->l)) {
        return;
    }
    char name[RST_MAX_NAME];
    rst_print p;
    rst_print_init(&p, name, sizeof name);
    if (f->stream->number != 0) {
        rst_print_ascii(&p, "object ");
        rst_print_number(&p, f->stream->number);
    } else {
        rst_print_ascii(&p, "stream");
    }
    rst_print_end(&p);
    f->child = rst_layer_open(f->s, RST_HINT_FILE, name, &f->l->place, false);
}

static void look_for_script(rst_pdf *f, const uint8_t *data, size_t n) {
    static const char word[] = "<script";
    for (size_t i = 0; i < n && !f->script; i++) {
        if (f->script_n == 0) {
            const uint8_t *next = memchr(data + i, '<', n - i);
            if (next == NULL) {
                return;
            }
            i = (size_t)(next - data);
        }
        f->script_n = data[i] == (uint8_t)word[f->script_n] ? f->script_n + 1 : data[i] == '<';
        f->script = f->script_n == sizeof word - 1;
    }
}

bool rst_pdf_sink(rst_pdf *f, const uint8_t *data, size_t n) {
    if (!f->opened) {
        open_child(f);
    }
    if (f->stream->holds_objects) {
        rst_pdf_names_write(f, data, n);
    }
    look_for_script(f, data, n);
    f->out += n;
    if (!rst_expand(f->s, f->l, f->child, data, n) ||
        !rst_expand_ratio(f->s, f->l, f->child, f->in, f->out)) {
        f->stop = true;
    }
    return !f->stop;
}

static void close_child(rst_pdf *f) {
    if (f->child == NULL) {
        return;
    }
    const rst_layer *child = f->child;
    rst_layer_close(f->s, f->child);
    f->child = NULL;
    if (!f->stream->embedded && child->format != RST_FORMAT_PLAIN && !rst_count_entry(f->s, f->l)) {
        f->stop = true;
    }
}

static void decode(rst_pdf *f, const rst_pdf_stream *o) {
    f->stream = o;
    f->child = NULL;
    f->opened = false;
    f->in = 0;
    f->out = 0;
    f->script_n = 0;
    rst_spend(f->s, f->s->layer_n + (o->data - o->dict.at));
    if (!rst_pdf_filters(f)) {
        return;
    }
    size_t end = stream_end(f, o);
    bool more = true;
    for (size_t at = o->data; more && at < end;) {
        size_t take = end - at < RST_BLOCK ? end - at : RST_BLOCK;
        f->in += take;
        rst_spend(f->s, take);
        more = rst_budget_left(f->s) && rst_pdf_push(f, 0, f->p + at, take);
        at += take;
    }
    const rst_pdf_stage *g = &f->stages[0];
    if (more && f->stages_n > 0 && g->filter == RST_PDF_FLATE && g->started && !f->encrypted) {
        rst_found(f->s, RST_MALFORMED, "pdf, stream is cut off", f->l, &f->l->place, NULL);
    }
    rst_pdf_flush(f);
    rst_pdf_names_write(f, (const uint8_t *)" ", 1);
    close_child(f);
}

// Object streams first: what they say decides how others are read.
static void decode_all(rst_pdf *f, bool objects) {
    walk w = {.first = false};
    rst_pdf_stream o;
    rst_spend(f->s, f->n / 4);
    while (!f->stop && rst_budget_left(f->s) && next_stream(f, &w, &o)) {
        describe(f, &o);
        if (o.holds_objects == objects && !o.image) {
            decode(f, &o);
        }
    }
}

static bool first_look(rst_pdf *f) {
    walk w = {.first = true};
    rst_pdf_stream o;
    rst_spend(f->s, f->n / 4);
    while (rst_budget_left(f->s) && next_stream(f, &w, &o)) {
    }
    return !f->s->halted;
}

static rst_pdf *set_up(rst_scanner *s, rst_layer *l, const uint8_t *p, size_t n) {
    // An object takes at least "1 0 obj" and a value.
    size_t objects = n / 8 < RST_PDF_OBJECTS ? n / 8 + 1 : RST_PDF_OBJECTS;
    objects = objects < 65536 ? 65536 : objects;
    rst_pdf *f = rst_scratch_take(s, l, sizeof *f);
    uint32_t *at = f != NULL ? rst_scratch_take(s, l, objects * sizeof *at) : NULL;
    uint8_t *marked = at != NULL ? rst_scratch_take(s, l, objects / 8 + 1) : NULL;
    if (marked == NULL) {
        return NULL;
    }
    memset(f, 0, offsetof(rst_pdf, stages));
    memset(at, 0, objects * sizeof *at);
    memset(marked, 0, objects / 8 + 1);
    f->s = s;
    f->l = l;
    f->p = p;
    f->n = n;
    f->at = at;
    f->at_n = objects;
    f->marked = marked;
    f->end_from = SIZE_MAX;
    return f;
}

void rst_pdf_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *p = rst_store_whole(s, l, &n);
    rst_pdf *f = p != NULL ? set_up(s, l, p, n) : NULL;
    if (f == NULL || !first_look(f)) {
        return;
    }
    if ((f->names.found & RST_PDF_ENCRYPT) != 0) {
        f->encrypted = true;
        rst_found(s, RST_ENCRYPTED, "pdf, encrypted", l, &l->place, NULL);
    }
    decode_all(f, true);
    decode_all(f, false);
    uint32_t active = RST_PDF_SCRIPT | RST_PDF_LAUNCH | RST_PDF_MEDIA;
    if ((f->names.found & active) != 0 || ((f->names.found & RST_PDF_XFA) != 0 && f->script)) {
        l->type = RST_TYPE_PDF_ACTIVE;
    }
}
