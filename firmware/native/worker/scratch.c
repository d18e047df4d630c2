// See scratch.h.
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

// Octets that are asked of the disk at a time: a file of a few calls, whose end is not much more
// than what it holds.
#define STEP (1024ull * 1024)

static bool reserve(void *user, uint64_t n) {
    rst_scratch_file *file = user;
    if (n <= file->taken) {
        return true;
    }
    if (n > file->most) {
        return false;
    }
    uint64_t end = (n + STEP - 1) / STEP * STEP;
    end = end < file->most ? end : file->most;
    int result;
    do {
        result = fallocate(file->fd, 0, (off_t)file->taken, (off_t)(end - file->taken));
    } while (result == -1 && errno == EINTR);
    if (result == -1) {
        return false;
    }
    file->taken = end;
    return true;
}

bool rst_scratch_file_map(rst_scratch_file *file, int fd, uint64_t most) {
    struct stat info;
    if (fstat(fd, &info) == -1 || !S_ISREG(info.st_mode) || info.st_size != 0 ||
        (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR) {
        return false;
    }
    void *at = mmap(NULL, RST_SCRATCH_OCTETS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        return false;
    }
    *file = (rst_scratch_file){
        .engine = {.base = at, .size = RST_SCRATCH_OCTETS, .reserve = reserve, .user = file},
        .fd = fd,
        .most = most,
        .taken = 0,
    };
    return true;
}
