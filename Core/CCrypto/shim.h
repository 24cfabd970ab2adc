#ifndef MILLRACE_CCRYPTO_H
#define MILLRACE_CCRYPTO_H
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#endif
