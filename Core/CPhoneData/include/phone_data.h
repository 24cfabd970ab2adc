#pragma once

/// The first byte of the phone data, aligned to eight bytes: read-only pages of the executable, shared by every
/// process that runs it. Its layout is written by `ops/phone-data/generate.py`.
const unsigned char *_Nonnull phone_data(void);
