// One worker's whole life: takes the request and the message, screens it, replies, ends.
#ifndef RST_WORKER_JOB_H
#define RST_WORKER_JOB_H

#include <stdnoreturn.h>

#include "../engine/engine.h"
#include "set.h"

// In the forked child. Ends the process: status 0 if the reply was sent, else 1 and no reply.
noreturn void rst_job_run(int connection, int parent, const rst_set *set, rst_scanner *scanner);

#endif
