// What screen-worker-patient does before it opens a signature set: as long as the file's first
// octet is 'W' it waits. The mapping is shared, so a test lets it go by writing to the file.
#include "../../../firmware/native/engine/match.h"

rst_db_status __real_rst_db_open(rst_db *db, const void *map, size_t size);
rst_db_status __wrap_rst_db_open(rst_db *db, const void *map, size_t size);

rst_db_status __wrap_rst_db_open(rst_db *db, const void *map, size_t size) {
    const volatile char *first = map;
    while (*first == 'W') {
        continue;
    }
    return __real_rst_db_open(db, map, size);
}
