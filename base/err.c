#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char* irl_err_name(irl_err code) {
  switch (code) {
    case IRL_OK:
      return "no error";
    case IRL_ENOMEM:
      return "out of memory";
    case IRL_EIO:
      return "reading or writing failed";
    case IRL_ENOSPC:
      return "no space left";
    case IRL_ENOENT:
      return "not found";
    case IRL_EEXIST:
      return "already exists";
    case IRL_EPARSE:
      return "not well-formed";
    case IRL_ERANGE:
      return "value out of range";
    case IRL_EDIM:
      return "sizes do not agree";
    case IRL_ENUM:
      return "numerical failure";
    case IRL_ESIM:
      return "simulation failed";
    case IRL_EUNSUPPORTED:
      return "not supported here";
    case IRL_ECANCELED:
      return "stopped on request";
  }
  return "unknown error";
}

// Cuts an unfinished UTF-8 sequence off the end of a text that was shortened.
static void trim_utf8(char* text, size_t length) {
  for (size_t back = 1; back <= 4 && back <= length; back++) {
    unsigned char c = (unsigned char)text[length - back];
    if ((c & 0xC0) != 0x80) {
      size_t wanted = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
      if (wanted > back) {
        text[length - back] = '\0';
      }
      return;
    }
  }
}

// The sentence is for people and may be cut; the code is for programs and is always kept.
irl_err irl_fail(irl_errinfo* info, irl_err code, const char* format, ...) {
  if (info == NULL) {
    return code;
  }
  info->code = code;
  va_list args;
  va_start(args, format);
  int length = vsnprintf(info->text, sizeof info->text, format, args);
  va_end(args);
  if (length < 0) {
    snprintf(info->text, sizeof info->text, "%s", irl_err_name(code));
  } else if ((size_t)length >= sizeof info->text) {
    trim_utf8(info->text, sizeof info->text - 1);
  }

  // Names from outside may hold newlines or terminal escapes; the sentence is one plain line.
  for (char* c = info->text; *c != '\0'; c++) {
    if ((unsigned char)*c < 0x20 || *c == 0x7F) {
      *c = ' ';
    }
  }
  return code;
}
