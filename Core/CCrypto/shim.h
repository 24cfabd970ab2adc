#ifndef MILLRACE_CCRYPTO_H
#define MILLRACE_CCRYPTO_H
#include <openssl/evp.h>
#endif
