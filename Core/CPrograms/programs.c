#define _GNU_SOURCE
#include "programs.h"

#include <sys/mman.h>

int millrace_memory_file(void) { return memfd_create("millrace", MFD_CLOEXEC); }

int millrace_close_from(posix_spawn_file_actions_t *actions, int descriptor) {
    return posix_spawn_file_actions_addclosefrom_np(actions, descriptor);
}
