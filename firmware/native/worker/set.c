// See set.h.
#include "set.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *map(rst_set *set, int fd) {
    struct stat info;
    if (fstat(fd, &info) == -1) {
        return "the signature file cannot be examined";
    }
    if (!S_ISREG(info.st_mode) || info.st_size <= 0) {
        return "the signature file is empty or no regular file";
    }
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) {
        return "the signature file is open for writing";
    }
    if ((uint64_t)info.st_size > RST_MOST_SET_OCTETS) {
        return "the signature file is larger than 512 MiB";
    }
    size_t size = (size_t)info.st_size;
    void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        return "the signature file cannot be mapped";
    }
    *set = (rst_set){.map = at, .size = size};
    return NULL;
}

const char *rst_set_map(rst_set *set, int fd) {
    const char *wrong = map(set, fd);
    close(fd);
    return wrong;
}

void rst_set_unmap(rst_set *set) {
    if (set->map != NULL) {
        munmap((void *)set->map, set->size);
    }
    memset(set, 0, sizeof *set);
}

bool rst_set_name_is_good(const char *name, size_t room) {
    size_t n = strnlen(name, room);
    if (n == 0 || n == room) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (name[i] < ' ' || name[i] > '~') {
            return false;
        }
    }
    return true;
}
