// The screening engine's contract. Plain C11: it knows no MicroPython, no sockets, no files.
//
// A message goes in as it lies in the spool: wire form, that is CRLF line ends, dot-stuffed
// (RFC 1939 section 3), without the final ".". The result does not depend on how the input was
// cut into feeds. All memory is the caller's: one rst_scanner, whose size is a compile-time
// constant. The first error sticks until init. Work units are counted, never time: the same bytes
// and limits give the same report on any machine under any load.
#ifndef RST_ENGINE_H
#define RST_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "match.h"
#include "rules.h"
#include "verdict.h"

enum {
    RST_MAX_FINDINGS = 64, // findings kept; further ones only raise the count
    RST_MAX_NAME = 160,    // octets of a part's name, UTF-8, see print.c for what is replaced
    RST_MAX_FIELD = 200,   // octets kept of From and Subject, as above, encoded words decoded
    RST_MAX_KEEP = 16,     // header fields kept when a whole message is replaced
    // A good size for the scratch: the attachment of a provider's largest mail (37 MB decoded), a
    // container in it, and 7z's dictionary of 64 MiB (its setting "ultra").
    RST_SCRATCH_OCTETS = 160 * 1024 * 1024,
};

// Limits of one message; every one has a verdict of its own. rst_limits_default() gives the
// values that are written down, with reasons, in limits.c.
typedef struct {
    // Messages, parts, files in containers and multiparts that are open one inside the other, the
    // message itself being 1. At most RST_MAX_DEPTH (scanner.h), whatever is given. RST_TOO_DEEP
    uint32_t depth;
    uint32_t entries;  // MIME parts and container entries in all, RST_TOO_MANY
    uint64_t expanded; // octets that come out of containers in all, RST_TOO_LARGE
    uint32_t ratio;    // octets out per octet in, of one container entry, RST_RATIO
    uint64_t work;     // work units in all, RST_OVER_BUDGET
} rst_limits;

// What may be replaced for a finding. Offsets are in the wire form as fed.
typedef enum {
    RST_EDIT_WHOLE = 0, // only the whole message can be replaced (signed, single part, header)
    RST_EDIT_PART = 1,  // [start, end) is one MIME entity: header, blank line and body; end is
                        // before the CRLF that belongs to the next delimiter line
    RST_EDIT_LINES = 2, // [start, end) is a run of whole lines in a text body (uuencode)
} rst_edit;

// An infected part is one finding, named by its innermost object. Ranges of different findings may
// be equal (a part that is infected and holds an encrypted file), or lie one in the other (lines
// in a part); they never overlap otherwise.
typedef struct {
    rst_verdict verdict;
    rst_edit edit;
    uint64_t start, end;          // see rst_edit; 0, 0 for RST_EDIT_WHOLE
    char signature[RST_MAX_NAME]; // signature's name if infected, else the reason in words
    char part[RST_MAX_NAME];      // path of names from the outside in: "mail.eml/a.zip/x.exe"
} rst_finding;

typedef struct {
    uint64_t start, end; // one header field with its folded lines, CRLF included
} rst_range;

typedef struct {
    rst_verdict verdict; // the worst of the findings (order: verdicts.py PRECEDENCE)
    // Findings in all. If more than findings_n, replacing the ranges that are listed does not
    // make the message clean. Infected ones are listed rather than others.
    uint32_t found;
    uint32_t findings_n;
    rst_finding findings[RST_MAX_FINDINGS];
    uint32_t keep_n; // From, To, Cc, Date, Subject, Message-ID, In-Reply-To, References, Reply-To
    rst_range keep[RST_MAX_KEEP];
    char from[RST_MAX_FIELD + 1]; // for lists and logs, printable UTF-8
    char subject[RST_MAX_FIELD + 1];
    uint32_t entries;  // parts and entries seen
    uint64_t expanded; // octets out of containers
    uint64_t work;     // work units used
    bool no_room;      // the scratch could not be had: this is no verdict, for a passing cause
} rst_report;

// Room for objects that can only be read by seeking and for decoders' dictionaries: writable
// memory of the caller's, best a mapped file, so that it need not fit in memory. What it holds at
// the begin does not matter. An object that does not fit is RST_TOO_LARGE.
typedef struct {
    uint8_t *base;
    uint64_t size;
    // Asked before the first n octets are written for the first time; false if the place for
    // them cannot be had now: the scan stops, and the report says no_room.
    bool (*reserve)(void *user, uint64_t n);
    void *user;
} rst_scratch;

typedef struct rst_scanner rst_scanner; // layout in scanner.h, where its size is bounded

size_t rst_scanner_size(void);
void rst_limits_default(rst_limits *limits);

// Begins a message. `db` may be NULL: then nothing is infected, but structure is still judged.
// `rules` may be NULL: then nothing is forbidden and no name is compared with what it names; else
// they have passed rst_rules_check, and their octets outlive the message.
// `scratch` may be NULL: then what needs it is RST_TOO_LARGE.
void rst_scanner_init(rst_scanner *s, const rst_db *db, const rst_limits *limits,
                      const rst_rules *rules, const rst_scratch *scratch);
void rst_scanner_feed(rst_scanner *s, const uint8_t *data, size_t n);
// Ends the message. The report lives in the scanner until the next init.
const rst_report *rst_scanner_end(rst_scanner *s);

#endif
