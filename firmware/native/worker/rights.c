// See rights.h.
#include "rights.h"

#include <errno.h>
#include <grp.h>
#include <unistd.h>

int rst_drop_rights(uid_t uid, gid_t gid) {
    // Only root may clear the list; who is not root has nothing to gain from it.
    if (geteuid() == 0 && setgroups(0, NULL) == -1) {
        return -1;
    }
    if (setgid(gid) == -1 || setuid(uid) == -1) {
        return -1;
    }
    // setuid(0) must fail now; if it does not, some capability was left.
    if (uid != 0 && setuid(0) != -1) {
        errno = EPERM;
        return -1;
    }
    if (getuid() != uid || geteuid() != uid || getgid() != gid || getegid() != gid) {
        errno = EPERM;
        return -1;
    }
    return 0;
}
