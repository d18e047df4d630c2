// Looks into a signature set that nobody has looked into yet, in a process that may die of it: a
// broken set, or one that takes its reader over, never reaches the parent. What the process tells
// is a few numbers and a name. Linux only; no MicroPython.
#ifndef RST_WORKER_TRIAL_H
#define RST_WORKER_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "set.h"

typedef struct {
    pid_t process;
    int fd; // where it tells, -1: no trial is going on
} rst_trial;

// Forks the process. False and errno if the system refuses.
bool rst_trial_begin(rst_trial *trial, const rst_set *set, uint32_t deadline_ms);
// After the process was reaped with `status`: NULL and the facts in the set, or what is wrong.
const char *rst_trial_end(rst_trial *trial, rst_set *set, int status);
// Both, and the time between them: for the start, when nothing else is to be done.
const char *rst_trial_run(rst_set *set, uint32_t deadline_ms);

#endif
