#pragma once

/// Read-only pages of the executable, shared by every process that runs it. The layout is written by
/// `ops/phone-data/generate.py`.
extern const unsigned char phone_data_bytes[] __attribute__((visibility("hidden")));

/// The first byte of the phone data, aligned to 64 bytes.
static inline const unsigned char *_Nonnull phone_data(void) { return phone_data_bytes; }
