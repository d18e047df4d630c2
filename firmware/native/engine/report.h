// Findings: what was found, where, and what may be replaced for it.
#ifndef RST_REPORT_H
#define RST_REPORT_H

#include "layer.h"

// Notes a verdict for the object in layer `l`. `text` is the signature's name or the reason in
// words. `inner` names an object inside `l` that has no layer of its own, or is NULL.
void rst_found(rst_scanner *s, rst_verdict verdict, const char *text, const rst_layer *l,
               const rst_place *place, const char *inner);
// True if one of the findings from number `from` on is this signature.
bool rst_found_inside(const rst_scanner *s, uint32_t from, const char *signature);
// Takes back what was found in layer `l` and above since it was opened. False, and nothing is
// done, if not all findings are listed.
bool rst_found_forget(rst_scanner *s, const rst_layer *l);
// The part with this serial ends here: completes the edit ranges of its findings.
void rst_part_ended(rst_scanner *s, uint32_t owner, uint64_t end);

#endif
