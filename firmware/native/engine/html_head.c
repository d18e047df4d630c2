// Tells text with tags by how it begins, as browsers do, and by its name.
#include <string.h>

#include "ascii.h"
#include "html.h"

// Elements that documents begin with; the first ones need no end of the name.
static const char *const beginnings[] = {"!doctype", "!--", "?xml"};
static const char *const elements[] = {
    "html",  "head",  "body",    "script",   "iframe",   "h1",      "h2",        "div",
    "font",  "table", "a",       "style",    "title",    "b",       "br",        "p",
    "meta",  "link",  "img",     "span",     "center",   "form",    "svg",       "object",
    "embed", "base",  "input",   "button",   "video",    "audio",   "details",   "marquee",
    "hta",   "job",   "package", "frameset", "noscript", "math",    "scriptlet", "component",
    "ul",    "ol",    "tr",      "td",       "xml",      "section", "main",      "article",
};

bool rst_html_head(const uint8_t *head, size_t n) {
    uint8_t text[16];
    size_t o = 0;
    bool begun = false;
    for (size_t i = 0; i < n && o < sizeof text; i++) {
        uint8_t c = head[i];
        // Marks of UTF-8 and UTF-16 count as blanks.
        bool blank = c <= ' ' ||
                     (!begun && (c == 0xff || c == 0xfe || c == 0xef || c == 0xbb || c == 0xbf));
        begun = begun || !blank;
        if (begun && c != 0) {
            text[o++] = c;
        }
    }
    if (o < 2 || text[0] != '<') {
        return false;
    }
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (rst_starts(text + 1, o - 1, beginnings[i])) {
            return true;
        }
    }
    size_t end = 1;
    while (end < o && text[end] > ' ' && text[end] != '>' && text[end] != '/' &&
           text[end] != ':') {
        end++;
    }
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        if (rst_is(text + 1, end - 1, elements[i])) {
            return true;
        }
    }
    return false;
}

bool rst_html_name(const char *name) {
    static const char *const endings[] = {"htm", "html", "xhtml", "xht", "shtml", "svg", "hta"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof endings[0]; i++) {
        if (rst_is((const uint8_t *)dot + 1, strlen(dot + 1), endings[i])) {
            return true;
        }
    }
    return false;
}
