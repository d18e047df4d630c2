// Asks the signatures about names, senders, subjects and entries of containers.
#include "sigrules.h"

#include "print.h"
#include "report.h"
#include "scanner.h"

enum { FIELD_TEXT = 2048 }; // octets of a field that rules see, encoded words decoded

static void tell(rst_scanner *s, const rst_layer *l, uint32_t id, uint64_t work,
                 const char *inner) {
    rst_spend(s, work);
    if (id != RST_NO_SIGNATURE) {
        rst_found(s, RST_INFECTED, rst_db_signature_name(s->db, id), l, &l->place, inner);
    }
}

void rst_sigrules_name(rst_scanner *s, const rst_layer *l) {
    uint64_t work = 0;
    if (l->name[0] != 0) {
        uint32_t id = rst_match_text(s->db, RST_BY_FILE, l->name, &work);
        tell(s, l, id, work, NULL);
    }
}

void rst_sigrules_entry(rst_scanner *s, const rst_layer *l, const rst_entry *entry) {
    uint64_t work = 0;
    uint32_t id = rst_match_entry(s->db, entry, &work);
    if (id == RST_NO_SIGNATURE) {
        id = rst_match_text(s->db, RST_BY_FILE, entry->name, &work);
    }
    tell(s, l, id, work, entry->name);
}

void rst_sigrules_field(rst_scanner *s, const rst_layer *l, rst_rule kind, const uint8_t *body,
                        size_t n) {
    char text[FIELD_TEXT];
    rst_print p;
    if (s->db == NULL || s->db->rules == 0) {
        return;
    }
    while (n > 0 && body[0] <= ' ') {
        body++;
        n--;
    }
    rst_print_init(&p, text, sizeof text);
    rst_print_words(&p, body, n);
    rst_print_end(&p);
    uint64_t work = n;
    uint32_t id = rst_match_text(s->db, kind, text, &work);
    tell(s, l, id, work, NULL);
}
