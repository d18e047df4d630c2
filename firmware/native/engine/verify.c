// See verify.h. What is compared are families: a PNG called .jpg opens in the same program. Text
// never contradicts anything, for nothing that shows a picture or a document runs it.
#include "verify.h"

#include <string.h>

enum { MANY_BLANKS = 3 }; // in front of an ending: pushed out of sight; one or two are typing

static bool starts(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

// What is only looked at or listened to, so that a reader opens it without a thought.
static bool harmless(rst_family f) {
    return f == RST_FAMILY_IMAGE || f == RST_FAMILY_AUDIO || f == RST_FAMILY_VIDEO ||
           f == RST_FAMILY_DOCUMENT || f == RST_FAMILY_OFFICE || f == RST_FAMILY_FONT;
}

static bool holds(const rst_name *name, const char *mark) {
    size_t m = strlen(mark);
    for (size_t i = 0; i + m <= name->full_n; i++) {
        if (memcmp(name->base + i, mark, m) == 0) {
            return true;
        }
    }
    return false;
}

// An ending that promises a document, in front of one that runs.
static bool promises(const rst_ending *e) {
    static const char *const texts[] = {"txt", "csv", "eml", "msg", "htm", "html"};
    if (e == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(e->ending, texts[i]) == 0) {
            return true;
        }
    }
    return harmless(e->family) || e->family == RST_FAMILY_ARCHIVE;
}

const char *rst_verify_name(const rst_name *name) {
    if (holds(name, RST_SHOWN_OVERRIDE)) {
        return "a name that is shown backwards";
    }
    if (holds(name, RST_SHOWN_NUL)) {
        return "a name with NUL";
    }
    const rst_ending *last = name->last;
    if (last == NULL || !last->desktop || !rst_family_active(last->family)) {
        return NULL;
    }
    if (strcmp(last->ending, "com") != 0 && name->full_n > name->base_n) {
        return "a program whose name ends in dots or blanks";
    }
    if (name->blanks >= MANY_BLANKS) {
        return "a program with blanks before its ending";
    }
    // Scripts of web pages are called style.css.js and page.html.js.
    bool page = last->type == RST_TYPE_JAVASCRIPT && name->before != NULL &&
                name->before->family == RST_FAMILY_TEXT &&
                strcmp(name->before->ending, "txt") != 0;
    return !page && promises(name->before) ? "a program with two endings" : NULL;
}

// The family of a declared type; RST_FAMILY_NONE for what says nothing.
static rst_family declared_family(const char *declared) {
    static const struct {
        const char *start;
        rst_family family;
    } known[] = {
        {"image/", RST_FAMILY_IMAGE},
        {"audio/", RST_FAMILY_AUDIO},
        {"video/", RST_FAMILY_VIDEO},
        {"font/", RST_FAMILY_FONT},
        {"text/", RST_FAMILY_TEXT},
        {"message/", RST_FAMILY_MAIL},
        {"application/pdf", RST_FAMILY_DOCUMENT},
        {"application/x-pdf", RST_FAMILY_DOCUMENT},
        {"application/postscript", RST_FAMILY_DOCUMENT},
        {"application/epub", RST_FAMILY_DOCUMENT},
        {"application/msword", RST_FAMILY_OFFICE},
        {"application/rtf", RST_FAMILY_OFFICE},
        {"application/vnd.ms-excel", RST_FAMILY_OFFICE},
        {"application/vnd.ms-powerpoint", RST_FAMILY_OFFICE},
        {"application/vnd.ms-word", RST_FAMILY_OFFICE},
        {"application/vnd.openxmlformats", RST_FAMILY_OFFICE},
        {"application/vnd.oasis.opendocument", RST_FAMILY_OFFICE},
        {"application/onenote", RST_FAMILY_OFFICE},
        {"application/zip", RST_FAMILY_ARCHIVE},
        {"application/x-zip", RST_FAMILY_ARCHIVE},
        {"application/gzip", RST_FAMILY_ARCHIVE},
        {"application/x-gzip", RST_FAMILY_ARCHIVE},
        {"application/x-tar", RST_FAMILY_ARCHIVE},
        {"application/x-rar", RST_FAMILY_ARCHIVE},
        {"application/vnd.rar", RST_FAMILY_ARCHIVE},
        {"application/x-7z", RST_FAMILY_ARCHIVE},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (starts(declared, known[i].start)) {
            return known[i].family;
        }
    }
    return RST_FAMILY_NONE;
}

static bool is_zip(rst_type type) {
    return rst_types[type].format == RST_FORMAT_ZIP && !rst_family_active(rst_family_of(type));
}

// Content that a family of names is at home with.
static bool agrees(rst_type content, rst_family claimed) {
    rst_family f = rst_family_of(content);
    if (f == claimed || claimed == RST_FAMILY_NONE || f == RST_FAMILY_NONE) {
        return true;
    }
    if (rst_family_active(f)) {
        // A jar is a zip, a self-extracting archive a program; but what promises an archive does
        // not run.
        return rst_family_active(claimed) ||
               ((content == RST_TYPE_JAR || content == RST_TYPE_APK) &&
                claimed == RST_FAMILY_ARCHIVE);
    }
    if (is_zip(content)) { // office files, e-books, jars and many others are zips
        return claimed == RST_FAMILY_ARCHIVE || claimed == RST_FAMILY_OFFICE ||
               claimed == RST_FAMILY_DOCUMENT || rst_family_active(claimed);
    }
    if (content == RST_TYPE_OLE || f == RST_FAMILY_MAIL) { // saved messages, installers, .db
        return !(claimed == RST_FAMILY_IMAGE || claimed == RST_FAMILY_AUDIO ||
                 claimed == RST_FAMILY_VIDEO || claimed == RST_FAMILY_FONT ||
                 claimed == RST_FAMILY_ARCHIVE || claimed == RST_FAMILY_DISK ||
                 (claimed == RST_FAMILY_DOCUMENT && f != RST_FAMILY_MAIL));
    }
    bool sound = f == RST_FAMILY_AUDIO || f == RST_FAMILY_VIDEO;
    return sound && (claimed == RST_FAMILY_AUDIO || claimed == RST_FAMILY_VIDEO);
}

// What has marks that are never met by chance, and so contradicts a name.
static bool solid(rst_family f) {
    return rst_family_active(f) || (harmless(f) && f != RST_FAMILY_FONT) ||
           f == RST_FAMILY_ARCHIVE || f == RST_FAMILY_DISK;
}

static bool is_text(rst_type type) {
    return rst_family_of(type) == RST_FAMILY_TEXT || type == RST_TYPE_SVG ||
           type == RST_TYPE_SVG_SCRIPT ||
           type == RST_TYPE_URL || type == RST_TYPE_REGISTRY || type == RST_TYPE_INF;
}

static const char *against_name(const rst_claims *c) {
    const rst_ending *e = c->name->last;
    rst_family f = rst_family_of(c->content);
    if (e == NULL || (e->carrier != RST_TYPE_UNKNOWN && e->carrier == c->content) ||
        agrees(c->content, e->family)) {
        return NULL;
    }
    if (c->content == RST_TYPE_SCRIPT && !harmless(e->family) && e->family != RST_FAMILY_ARCHIVE) {
        return NULL; // "#!" is text to all but Unix, where names mean nothing
    }
    // "photo of example.com"; a picture that a web server's script made has that script's name.
    if (strcmp(e->ending, "com") == 0 || (rst_family_active(e->family) && !e->desktop)) {
        return NULL;
    }
    // Spreadsheets are saved as .csv without another thought.
    if (f == RST_FAMILY_OFFICE && e->family == RST_FAMILY_TEXT) {
        return NULL;
    }
    return rst_family_active(f) ? "a program under the name of something else"
                                : "content that contradicts the name";
}

static const char *against_declared(const rst_claims *c) {
    rst_family declared = declared_family(c->declared);
    rst_family f = rst_family_of(c->content);
    const rst_ending *e = c->name->last;
    if (declared == RST_FAMILY_NONE || declared == RST_FAMILY_MAIL) {
        return NULL;
    }
    // What a reader starts by itself is what is declared to be looked at (CVE-2001-0154).
    bool runs = rst_family_active(rst_family_of(c->type)) && c->content != RST_TYPE_SCRIPT;
    if (runs && harmless(declared) && declared != RST_FAMILY_FONT) {
        return "a program declared as something else";
    }
    if (c->content == RST_TYPE_SCRIPT) {
        return harmless(declared) ? "a program declared as something else" : NULL;
    }
    if (rst_family_active(f) && !is_text(c->content)) {
        return agrees(c->content, declared) ? NULL : "a program declared as something else";
    }
    // A name that fits counts more: many programs declare by tables that are wrong.
    if (e != NULL && e->family != RST_FAMILY_NONE) {
        return NULL;
    }
    return declared == RST_FAMILY_TEXT || agrees(c->content, declared)
               ? NULL
               : "content that contradicts the declared type";
}

const char *rst_verify(const rst_claims *c) {
    const char *why = rst_verify_name(c->name);
    rst_family f = rst_family_of(c->content);
    if (c->inside && !rst_family_active(f) && !rst_family_active(rst_family_of(c->type))) {
        return NULL;
    }
    if (why == NULL && solid(f) && !is_text(c->content)) {
        why = against_name(c);
    }
    if (why == NULL && (solid(f) || rst_family_active(rst_family_of(c->type)))) {
        why = against_declared(c);
    }
    return why;
}
