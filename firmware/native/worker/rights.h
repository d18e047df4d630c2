// Giving up rights, for good. Linux only; no MicroPython.
#ifndef RST_WORKER_RIGHTS_H
#define RST_WORKER_RIGHTS_H

#include <sys/types.h>

// No supplementary groups, then gid, then uid; then proves that neither comes back. -1 and errno.
// A process that is not root may only "drop" to what it is.
int rst_drop_rights(uid_t uid, gid_t gid);

#endif
