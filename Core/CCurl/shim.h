#ifndef MILLRACE_CCURL_H
#define MILLRACE_CCURL_H
// libcurl's macros that check types at compile time are for callers in C.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
// glibc's epoll, which Swift's Glibc module leaves out.
#include <sys/epoll.h>

// Swift cannot call C functions with variable arguments: one function here for each type that an option takes.
static inline CURLcode millrace_set_number(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode millrace_set_size(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode millrace_set_text(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode millrace_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode millrace_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode millrace_on_header(CURL *easy, curl_write_callback call) {
  return curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, call);
}
static inline CURLcode millrace_on_write(CURL *easy, curl_write_callback call) {
  return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, call);
}
static inline CURLcode millrace_on_request(CURL *easy, curl_prereq_callback call) {
  return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, call);
}
static inline CURLcode millrace_on_open(CURL *easy, curl_opensocket_callback call) {
  return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, call);
}
static inline CURLcode millrace_on_close(CURL *easy, curl_closesocket_callback call) {
  return curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, call);
}

static inline CURLcode millrace_number(CURL *easy, CURLINFO info, long *value) {
  return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode millrace_pointer(CURL *easy, CURLINFO info, void **value) {
  return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode millrace_socket(CURL *easy, curl_socket_t *value) {
  return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, value);
}

static inline CURLMcode millrace_multi_number(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode millrace_multi_pointer(CURLM *multi, CURLMoption option, void *value) {
  return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode millrace_on_socket(CURLM *multi, curl_socket_callback call) {
  return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, call);
}
static inline CURLMcode millrace_on_timer(CURLM *multi, curl_multi_timer_callback call) {
  return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, call);
}
#endif
