#include "phone_data.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// `const` without pointers inside: no relocations, so no process ever gets a copy of its own.
_Alignas(64) const unsigned char phone_data_bytes[] = {
#embed "phone.bin"
};
