// Verdict codes: what the engine can say of a message. One truth for the engine, the worker and
// (by a test) restante/screening/verdicts.py. Numbers never change; new ones are appended.
#ifndef RST_VERDICT_H
#define RST_VERDICT_H

typedef enum {
    RST_CLEAN = 0,
    RST_INFECTED = 1,     // a signature matched
    RST_ENCRYPTED = 2,    // a container that needs a password
    RST_TOO_DEEP = 3,     // nesting over the limit
    RST_TOO_MANY = 4,     // more parts or entries than the limit
    RST_TOO_LARGE = 5,    // more expanded octets than the limit
    RST_RATIO = 6,        // expands more than the allowed ratio: a bomb
    RST_OVER_BUDGET = 7,  // more work units than the limit
    RST_MALFORMED = 8,    // a container or encoding that contradicts itself or is cut off
    RST_AMBIGUOUS = 9,    // readers may disagree about what is attached
    RST_UNSCANNABLE = 10, // a format or method that the engine does not open
    // 11 is "killed": made by the gate when the worker died twice on a message.
    RST_MISMATCH = 12,  // the content is of another type than name or declared type say
    RST_FORBIDDEN = 13, // a rule of the settings names this type, file name or extension
    RST_PARTIAL = 14,   // message/partial: a piece of a message, of which no piece can be judged
    RST_EXTERNAL = 15,  // message/external-body: the client fetches what was never screened
    RST_VERDICTS = 16
} rst_verdict;

#endif
