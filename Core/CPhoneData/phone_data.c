#include "phone_data.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// `const` without pointers inside: no relocations, so no process ever gets a copy of its own. A section of its own
// because Swift's static libraries make `.rodata` of the whole program writable.
_Alignas(64) __attribute__((section("phone_data"))) const unsigned char phone_data_bytes[] = {
#embed "phone.bin"
};
