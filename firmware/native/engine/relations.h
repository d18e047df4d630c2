// Relations of an office file (OPC, ISO 29500-2: "*.rels") and the manifest of OpenDocument: XML
// of which only a few attributes count. Entities are not expanded; a document type, which OPC
// forbids, is malformed.
#ifndef RST_RELATIONS_H
#define RST_RELATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rst_scanner rst_scanner;
typedef struct rst_layer rst_layer;

typedef enum {
    RST_XML_TEXT = 0,
    RST_XML_NAME,
    RST_XML_TAG,
    RST_XML_VALUE,
    RST_XML_COMMENT,
} rst_xml_state;

typedef struct {
    rst_xml_state state;
    uint8_t quote;
    uint8_t dashes; // seen in a row, in a comment
    bool external;  // TargetMode="External"
    bool loads;     // a type that is loaded when the file is opened
    bool told;
    uint8_t name_n;  // of element or attribute, without its prefix
    uint8_t value_n; // of an attribute, what follows the last slash
    uint8_t reference_n;
    char name[32];
    char value[32];
    char reference[12]; // behind '&'
    bool in_reference;
} rst_relations;

// The entry of a zip with this name is read so.
bool rst_relations_named(const char *name);

void rst_relations_begin(rst_scanner *s, rst_layer *l);
void rst_relations_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n,
                         uint64_t wire);
void rst_relations_end(rst_scanner *s, rst_layer *l);

#endif
