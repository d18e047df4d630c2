// The rules of the settings against one object: is its type or name forbidden, does its content
// contradict its name.
#ifndef RST_JUDGE_H
#define RST_JUDGE_H

#include "layer.h"

// Judges the object of a layer that has been read to its end.
void rst_judge(rst_scanner *s, rst_layer *l);
// Judges the name of an object in container `l` that is not opened (encrypted, unknown method).
void rst_judge_name(rst_scanner *s, rst_layer *l, const char *name);
// True if objects of this layer's type are not matched against signatures.
bool rst_judge_excluded(const rst_scanner *s, const rst_layer *l);

#endif
