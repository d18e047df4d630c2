// Fuzz target of the matcher. Input: u16 cut, u8 kind, u32 size of the signature file, the file,
// the object. Invariant: nothing is read that is not there, and the object fed whole, and in
// pieces of `cut` octets, gives the same answer with the same work.
#include <stdlib.h>
#include <string.h>

#include "match.h"
#include "match_state.h"

enum { HEAD = 7, BUDGET = 300000 };

typedef struct {
    uint32_t id;
    uint64_t work;
    bool overflow;
} answer;

static answer match(const rst_db *db, rst_object_kind kind, const uint8_t *data, size_t n,
                    size_t piece) {
    static rst_match m;
    rst_match_init(&m, db, kind);
    rst_match_budget(&m, BUDGET);
    for (size_t at = 0; at < n; at += piece) {
        rst_match_update(&m, data + at, n - at < piece ? n - at : piece);
    }
    answer a = {.id = rst_match_final(&m)};
    a.work = rst_match_work(&m);
    a.overflow = rst_match_overflow(&m);
    return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    if (n < HEAD) {
        return 0;
    }
    size_t cut = 1 + rst_load16(input) % 5000;
    rst_object_kind kind = (rst_object_kind)(input[2] % 3);
    size_t size = rst_load32(input + 3);
    n -= HEAD;
    input += HEAD;
    if (size > n) {
        size = n;
    }
    // A copy of its own, so that the address sanitizer sees its end.
    uint8_t *file = malloc(size > 0 ? size : 1);
    if (file == NULL) {
        return 0;
    }
    memcpy(file, input, size);
    rst_db db;
    if (rst_db_open(&db, file, size) == RST_DB_OK) {
        rst_db_info info;
        rst_db_describe(&db, &info);
        (void)strlen(info.name);
        answer whole = match(&db, kind, input + size, n - size, n - size + 1);
        answer pieces = match(&db, kind, input + size, n - size, cut);
        (void)strlen(rst_db_signature_name(&db, whole.id));
        if (whole.id != pieces.id || whole.work != pieces.work ||
            whole.overflow != pieces.overflow) {
            abort();
        }
    }
    free(file);
    return 0;
}
