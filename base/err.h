// Errors of the whole library.
//
// A fallible function returns irl_err; IRL_OK (0) is the only success. Functions that read
// something from outside (files, options, models) also fill a caller-owned irl_errinfo with one
// sentence, "<what>: <why>; <what to do>", which a program can print as it is. Bugs are asserts.
#ifndef MJIRL_BASE_ERR_H_
#define MJIRL_BASE_ERR_H_

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define IRL_NODISCARD __attribute__((warn_unused_result))
#define IRL_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define IRL_NODISCARD
#define IRL_PRINTF(text, first)
#endif

typedef enum irl_err {
  IRL_OK = 0,
  IRL_ENOMEM,        // out of memory
  IRL_EIO,           // reading or writing failed
  IRL_ENOSPC,        // no space left
  IRL_ENOENT,        // no such file, task, key or name
  IRL_EEXIST,        // would overwrite something
  IRL_EPARSE,        // not well-formed
  IRL_ERANGE,        // well-formed, but a value is out of its range
  IRL_EDIM,          // sizes that must agree do not
  IRL_ENUM,          // not finite, not positive definite, did not converge
  IRL_ESIM,          // the simulator refused or diverged
  IRL_EUNSUPPORTED,  // a valid request that this build or machine cannot serve
  IRL_ECANCELED      // stopped on request; what was done is saved
} irl_err;

typedef struct irl_errinfo {
  irl_err code;
  char text[768];  // one sentence, no newline; empty after success
} irl_errinfo;

// Name of an error code, e.g. "out of memory". Never NULL.
const char* irl_err_name(irl_err code);

// Writes the formatted sentence and the code into info (may be NULL) and returns code:
//   return irl_fail(info, IRL_ERANGE, "%s: horizon is %d; give 1 to 100000", path, horizon);
irl_err irl_fail(irl_errinfo* info, irl_err code, const char* format, ...) IRL_PRINTF(3, 4);

// Returns from the calling function when expr fails.
#define IRL_TRY(expr)               \
  do {                              \
    irl_err irl_try_code_ = (expr); \
    if (irl_try_code_ != IRL_OK) {  \
      return irl_try_code_;         \
    }                               \
  } while (0)

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_ERR_H_
