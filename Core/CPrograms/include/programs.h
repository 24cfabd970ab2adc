// What of glibc for running programs is GNU's own, and left out of Swift's Glibc module.
#pragma once
#include <spawn.h>

// A descriptor of a file in memory, closed on exec; -1 with errno (memfd_create(2)).
int millrace_memory_file(void);

// The program gets no descriptor from this one on (posix_spawn_file_actions_addclosefrom_np, glibc 2.34).
int millrace_close_from(posix_spawn_file_actions_t *actions, int descriptor);
