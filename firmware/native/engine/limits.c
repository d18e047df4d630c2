// The limits of one message when nobody says otherwise, each with its reason.
#include "engine.h"

void rst_limits_default(rst_limits *limits) {
    // A message in a message, each multipart/mixed > related > alternative, with a zip in a
    // zip in a tar.gz, needs 13; 16 leaves room, and what nests deeper is made to hide.
    limits->depth = 16;
    // The busiest real mail is a digest of some hundred parts; source archives hold a few
    // thousand files. Each part costs a matcher set-up of some microseconds.
    limits->entries = 10000;
    // A provider's largest mail of 50 MB, as documents that expand fivefold.
    limits->expanded = 256ull * 1024 * 1024;
    // Text shrinks about 10:1, logs and empty tables 100:1; deflate's bound is 1032:1. Counted
    // only above RST_RATIO_FLOOR, below which nobody is harmed.
    limits->ratio = 250;
    // A unit is an octet that passes a layer or a step of the matcher. 50 MB of mail and 256 MiB
    // out of containers, each octet parsed, matched, and looked at again, is below 1.5e9.
    limits->work = 2000000000ull;
}
