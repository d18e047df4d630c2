// See html.h. Runs of characters without meaning are passed over; the others go through put(),
// one by one. Where a URL ends may be misread on purpose: so what is not base64 goes to an object
// that is itself read as HTML, and nothing is lost in it. What is in a URL is html_url.c's.
#include "html.h"

#include <string.h>

#include "ascii.h"
#include "scanner.h"

enum { NO_ENTITY = 0, BEGUN, NUMERIC, DECIMAL, HEXADECIMAL, NAMED };

// Characters that end a run in markup.
static const bool stops[256] = {
    [0] = true,   ['&'] = true, ['<'] = true, ['>'] = true,
    ['='] = true, [':'] = true, ['"'] = true, ['\''] = true,
};

void rst_html_begin(rst_scanner *s, rst_layer *l) {
    rst_text_begin(s, l);
    rst_html *h = &l->u.html;
    memset((uint8_t *)h + sizeof h->text, 0, offsetof(rst_html, letters) - sizeof h->text);
}

bool rst_html_busy(const rst_layer *l) {
    return l->format == RST_FORMAT_HTML && l->u.html.child != NULL;
}

void rst_html_active(rst_layer *l) {
    if (l->type == RST_TYPE_SVG) {
        l->type = RST_TYPE_SVG_SCRIPT;
    } else if (l->type == RST_TYPE_HTML || l->type == RST_TYPE_XML) {
        l->type = RST_TYPE_HTML_SCRIPT;
    }
}

static inline bool white(uint8_t c) {
    return c == ' ' || rst_html_line(c);
}

// One more character to look back on. White space counts once, as a blank if there is one in it,
// so that no length of it can push a word out.
static inline void remember_one(rst_html *h, uint8_t c) {
    if (white(c) && h->recent_n > 0 && white(h->recent[h->recent_n - 1])) {
        if (c == ' ') {
            h->recent[h->recent_n - 1] = ' ';
        }
        return;
    }
    if (h->recent_n == sizeof h->recent) { // so long that it seldom moves
        memcpy(h->recent, h->recent + h->recent_n - RST_HTML_RECENT, RST_HTML_RECENT);
        h->recent_n = RST_HTML_RECENT;
    }
    h->recent[h->recent_n++] = c;
}

// The end of a run that holds as many characters as are looked back on.
static void remember(rst_html *h, const uint8_t *data, size_t n) {
    size_t from = n;
    for (size_t kept = 0; from > 0 && kept <= RST_HTML_RECENT; from--) {
        kept += !white(data[from - 1]) || (from > 1 && !white(data[from - 2]));
    }
    for (; from < n; from++) {
        remember_one(h, data[from]);
    }
}

// How far back is looked: what is further off may be there or not.
static size_t oldest(const rst_html *h) {
    return h->recent_n > RST_HTML_RECENT ? h->recent_n - (size_t)RST_HTML_RECENT : 0;
}

// Line ends inside a word do not count in a URL. *before: what stands in front of the word.
static bool recent_is(const rst_html *h, const char *word, uint8_t *before) {
    size_t oldest_at = oldest(h);
    size_t at = h->recent_n;
    for (size_t k = strlen(word); k > 0; k--) {
        at -= at > oldest_at && rst_html_line(h->recent[at - 1]);
        if (at == oldest_at || rst_lower(h->recent[at - 1]) != (uint8_t)word[k - 1]) {
            return false;
        }
        at--;
    }
    *before = at > oldest_at ? h->recent[at - 1] : ' ';
    return !rst_alphanumeric(*before) && *before != '-' && *before != '_';
}

static void colon(rst_layer *l) {
    rst_html *h = &l->u.html;
    uint8_t before;
    if (recent_is(h, "data", &before)) {
        h->heading = true;
        h->type_n = 0;
        // The attribute's own quote ends it as such only, not by a reference.
        bool own = h->quote != 0 && before == h->quote;
        h->until = own ? 0 : before == '"' || before == '\'' ? before : before == '(' ? ')' : 0;
    } else if ((h->in_tag || h->quote != 0) &&
               (recent_is(h, "javascript", &before) || recent_is(h, "vbscript", &before))) {
        rst_html_active(l);
    }
}

// An attribute "on...": an event's handler.
static void equals(rst_layer *l) {
    rst_html *h = &l->u.html;
    size_t oldest_at = oldest(h);
    size_t end = h->recent_n;
    if (!h->in_tag) {
        return;
    }
    end -= end > oldest_at && white(h->recent[end - 1]);
    size_t from = end;
    while (from > oldest_at && rst_letter(h->recent[from - 1])) {
        from--;
    }
    uint8_t before = from > oldest_at ? h->recent[from - 1] : ' ';
    bool apart = before <= ' ' || before == '/' || before == '"' || before == '\'';
    if (apart && end - from >= 4 && rst_starts(h->recent + from, end - from, "on")) {
        rst_html_active(l);
    }
}

static void quotes(rst_html *h, uint8_t c) {
    size_t at = h->recent_n;
    if (h->quote == c) {
        h->quote = 0;
    } else if (h->quote == 0 && h->in_tag) {
        at -= at > 0 && white(h->recent[at - 1]);
        h->quote = at > 0 && h->recent[at - 1] == '=' ? c : 0;
    }
}

// Data for other programs in an element that is called script, as newsletters have it.
static bool no_script(const uint8_t *tag, size_t n) {
    return rst_is(tag, n, "script type=\"application/ld+json\"") ||
           rst_is(tag, n, "script type='application/ld+json'") ||
           rst_is(tag, n, "script type=application/ld+json");
}

static void root(rst_layer *l, const uint8_t *name, size_t n) {
    l->u.html.rooted = true;
    bool plain = l->type == RST_TYPE_HTML || l->type == RST_TYPE_XML;
    if (plain && rst_is(name, n, "svg")) {
        l->type = RST_TYPE_SVG;
    } else if (plain && rst_is(name, n, "html")) {
        l->type = RST_TYPE_HTML;
    } else if (plain && (rst_is(name, n, "job") || rst_is(name, n, "package") ||
                         rst_is(name, n, "scriptlet") || rst_is(name, n, "component"))) {
        l->type = RST_TYPE_SCRIPT; // of Windows Script Host
    }
}

// A character of a tag that is still of interest, '>' included.
static void in_tag(rst_layer *l, uint8_t c) {
    rst_html *h = &l->u.html;
    bool over = c == '>' || h->tag_n == sizeof h->tag;
    if (h->tag_n == 0 && !rst_letter(c)) {
        h->tagging = false;
        h->in_tag = false;
        return;
    }
    h->in_tag = true;
    size_t name = 0;
    while (name < h->tag_n && h->tag[name] > ' ' && h->tag[name] != '/') {
        name++;
    }
    if (name == h->tag_n && !over && c > ' ' && c != '/') {
        h->tag[h->tag_n++] = c;
        return;
    }
    size_t local = name;
    while (local > 0 && h->tag[local - 1] != ':') {
        local--;
    }
    if (!h->rooted) {
        root(l, h->tag + local, name - local);
    }
    if (rst_is(h->tag, name, "hta:application") && l->type != RST_TYPE_SCRIPT) {
        l->type = RST_TYPE_HTA;
    }
    bool script = rst_is(h->tag + local, name - local, "script");
    if (script && over && (c != '>' || !no_script(h->tag, h->tag_n))) {
        rst_html_active(l);
    }
    h->tagging = script && !over;
    if (h->tagging) {
        h->tag[h->tag_n++] = c;
    }
}

// A whole tag name that is not looked at further, if it lies at `data`: most of them. Returns its
// length, or 0.
static size_t dull_name(rst_layer *l, const uint8_t *data, size_t n) {
    rst_html *h = &l->u.html;
    size_t i = 0;
    while (i < n && i < 16 && rst_alphanumeric(data[i])) {
        i++;
    }
    if (!h->rooted || h->tag_n > 0 || i == 0 || i == n || !rst_letter(data[0]) || i == 6 ||
        !(data[i] == ' ' || data[i] == '>')) {
        return 0; // "script" has six letters
    }
    h->tagging = false;
    h->in_tag = true;
    return i;
}

static void in_heading(rst_scanner *s, rst_layer *l, uint8_t c, bool raw) {
    rst_html *h = &l->u.html;
    if (c == ',') {
        rst_html_url_begin(s, l);
    } else if (c == '<' || c == '>' || (raw && c == h->quote) || (c == h->until && c != 0) ||
               h->type_n == sizeof h->type) {
        h->heading = false;
    } else if (!rst_html_line(c) && (h->type_n > 0 || c != ' ')) {
        h->type[h->type_n++] = c;
    }
}

// One character; `raw`: not by a reference.
static void put(rst_scanner *s, rst_layer *l, uint8_t c, bool raw) {
    rst_html *h = &l->u.html;
    if (c == 0) {
        return;
    }
    if (raw && c == '=' && h->mode == RST_HTML_BASE64) {
        equals(l); // the run may be no URL after all
    }
    if (h->mode != RST_HTML_MARKUP && rst_html_url_take(s, l, c, raw)) {
        remember_one(h, c);
        return;
    }
    if (h->heading) {
        in_heading(s, l, c, raw);
    }
    if (h->tagging && raw) {
        in_tag(l, c);
    }
    if (c == ':') {
        colon(l);
    } else if (raw && c == '=') {
        equals(l);
    } else if (raw && c == '<') {
        h->tagging = true;
        h->tag_n = 0;
    } else if (raw && c == '>' && h->quote == 0) {
        h->in_tag = false;
    } else if (raw && (c == '"' || c == '\'')) {
        quotes(h, c);
    }
    remember_one(h, c);
}

// Character references

static uint8_t named(const char *letters, size_t n) {
    static const struct {
        const char *name;
        uint8_t c;
    } known[] = {
        {"colon", ':'},  {"comma", ','},  {"semi", ';'},     {"sol", '/'},    {"plus", '+'},
        {"equals", '='}, {"tab", '\t'},   {"newline", '\n'}, {"lpar", '('},   {"rpar", ')'},
        {"quot", '"'},   {"apos", '\''},  {"amp", '&'},      {"lt", '<'},     {"gt", '>'},
        {"num", '#'},    {"percnt", '%'}, {"period", '.'},   {"lowbar", '_'}, {"nbsp", 0xff},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (rst_is((const uint8_t *)letters, n, known[i].name)) {
            return known[i].c;
        }
    }
    return 0;
}

static void end_entity(rst_scanner *s, rst_layer *l) {
    rst_html *h = &l->u.html;
    uint8_t state = h->entity;
    size_t n = h->entity_n;
    h->entity = NO_ENTITY;
    uint8_t c = state == NAMED ? named(h->letters, n) : 0;
    if ((state == DECIMAL || state == HEXADECIMAL) && h->code > 0) {
        c = h->code < 0x80 ? (uint8_t)h->code : 0xff;
    }
    if (c != 0) {
        put(s, l, c, false);
        return;
    }
    put(s, l, '&', true);
    for (size_t i = 0; state == NAMED && i < n; i++) {
        put(s, l, (uint8_t)h->letters[i], true);
    }
}

// A character behind '&'. False: it does not belong to the reference, which has ended.
static bool in_entity(rst_scanner *s, rst_layer *l, uint8_t c) {
    rst_html *h = &l->u.html;
    int digit = rst_hex(c);
    if (c == 0) {
        return true;
    }
    if (h->entity == BEGUN && c == '#') {
        h->entity = NUMERIC;
        return true;
    }
    if (h->entity == NUMERIC && rst_lower(c) == 'x') {
        h->entity = HEXADECIMAL;
        return true;
    }
    if (h->entity == NUMERIC && c >= '0' && c <= '9') {
        h->entity = DECIMAL;
    }
    if (h->entity == BEGUN && rst_letter(c)) {
        h->entity = NAMED;
    }
    bool decimal = h->entity == DECIMAL && c >= '0' && c <= '9';
    if (decimal || (h->entity == HEXADECIMAL && digit >= 0)) {
        uint32_t base = decimal ? 10 : 16;
        h->code = h->code < 0x200000 ? h->code * base + (uint32_t)digit : h->code;
        return true;
    }
    if (h->entity == NAMED && rst_letter(c) && h->entity_n < sizeof h->letters) {
        h->letters[h->entity_n++] = (char)c;
        return true;
    }
    bool known = h->entity != NAMED || named(h->letters, h->entity_n) != 0;
    end_entity(s, l);
    return c == ';' && known;
}

// Octets up to the next stop, four at a time: most of a page goes this way.
static size_t plain_run(const uint8_t *data, size_t n) {
    size_t run = 0;
    while (n - run >= 4 && !(stops[data[run]] | stops[data[run + 1]] | stops[data[run + 2]] |
                             stops[data[run + 3]])) {
        run += 4;
    }
    while (run < n && !stops[data[run]]) {
        run++;
    }
    return run;
}

// A run that needs no look at each of its characters. Returns its length.
static size_t pass_run(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_html *h = &l->u.html;
    size_t run = 0;
    if (h->mode == RST_HTML_MARKUP && h->tagging && !h->heading) {
        return dull_name(l, data, n);
    }
    if (h->mode == RST_HTML_MARKUP && !h->heading) {
        run = plain_run(data, n);
    } else if (h->mode == RST_HTML_BASE64 && h->percent == 0) {
        run = rst_html_url_run(s, l, data, n);
    }
    return run;
}

// True for the stop at data[i] if what lies before it, from data[from] on, shows that put() would
// do no more than is done here: so it is for most of them.
static bool dull(rst_html *h, const uint8_t *data, size_t from, size_t i) {
    if (h->mode != RST_HTML_MARKUP || h->tagging || h->heading || i == from) {
        return false;
    }
    uint8_t c = data[i];
    uint8_t before = rst_lower(data[i - 1]);
    size_t word = i;
    switch (c) {
    case '<':
        h->tagging = true;
        h->tag_n = 0;
        return true;
    case '>':
        h->in_tag = h->in_tag && h->quote != 0;
        return true;
    case ':': // the words end in these
        return before > ' ' && before < 0x7f && before != 'a' && before != 't';
    case '=':
        while (word > from && rst_letter(data[word - 1])) {
            word--;
        }
        return !h->in_tag ||
               (before > ' ' && word > from && (word == i || rst_lower(data[word]) != 'o'));
    case '"':
    case '\'':
        if (h->quote == c) {
            h->quote = 0;
            return true;
        }
        if (h->quote == 0 && before == '=') {
            h->quote = h->in_tag ? c : 0;
            return true;
        }
        return h->quote != 0;
    default:
        return false;
    }
}

static void scan(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_html *h = &l->u.html;
    size_t known = 0; // data[0..known) is remembered, as far as it is looked back on
    size_t i = 0;
    while (i < n && !s->halted) {
        if (h->entity != NO_ENTITY) {
            i += in_entity(s, l, data[i]);
            known = i;
            continue;
        }
        size_t run = pass_run(s, l, data + i, n - i);
        i += run;
        if (run > 0 || i == n) {
            continue;
        }
        if (dull(h, data, known, i)) {
            i++;
            continue;
        }
        remember(h, data + known, i - known);
        if (data[i] == '&') {
            h->entity = BEGUN;
            h->entity_n = 0;
            h->code = 0;
        } else {
            put(s, l, data[i], true);
        }
        known = ++i;
    }
    remember(h, data + known, i - known);
}

static size_t line_end(const uint8_t *data, size_t at, size_t n) {
    const uint8_t *lf = memchr(data + at, '\n', n - at);
    size_t end = lf != NULL ? (size_t)(lf - data) : n;
    const uint8_t *cr = memchr(data + at, '\r', end - at);
    return cr != NULL ? (size_t)(cr - data) : end;
}

// Octets up to the end of the first line that means something to the text's reader, which acts
// then, or one octet further on, if the line may have ended with a CR alone. What it decodes as it
// comes goes octet by octet: whatever the cuts, both readers act in one order.
static size_t to_act(const rst_text *t, const uint8_t *data, size_t n) {
    if (t->coding == RST_TEXT_YENC || t->coding == RST_TEXT_BASE64 || (t->cr && t->gathering)) {
        return 1;
    }
    size_t at = t->cr && *data == '\n' ? 1 : 0;
    bool begins = t->line_start || t->cr;
    while (at < n) {
        bool acts = begins ? rst_text_gathers(t, data[at]) : t->gathering;
        at = line_end(data, at, n);
        if (at < n) {
            bool pair = !acts && data[at] == '\r' && at + 1 < n && data[at + 1] == '\n';
            at += pair ? 2 : 1;
        }
        if (acts) {
            break;
        }
        begins = true;
    }
    return at;
}

void rst_html_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    if (l->u.html.text.recode.charset != RST_TEXT_OCTETS) {
        rst_text_write(s, l, data, n, wire); // it is read in UTF-8, a layer above
        return;
    }
    // A file in the text and one in a URL begin in the order they stand in.
    while (n > 0) {
        size_t take = to_act(&l->u.html.text, data, n);
        scan(s, l, data, take);
        rst_text_write(s, l, data, take, wire);
        data += take;
        n -= take;
        wire = rst_wire(wire, take);
    }
}

void rst_html_end(rst_scanner *s, rst_layer *l) {
    rst_html *h = &l->u.html;
    if (h->entity != NO_ENTITY) {
        end_entity(s, l);
    }
    if (h->tagging && h->tag_n > 0) {
        in_tag(l, '>');
    }
    if (h->mode != RST_HTML_MARKUP) {
        rst_html_url_end(s, l);
    }
    rst_text_end(s, l);
}
