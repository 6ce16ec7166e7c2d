// A model of several files as one text, which is still an MJCF: the others stand behind it,
//
//   <!-- mjirl-files 1 hand/scene.xml -->
//   <!-- mjirl-file meshes/palm.stl 1234 SGVsbG8...= -->
//
// with their paths from the folder that they all have in common ("/" where the model names absolute
// paths), their sizes in bytes, and their bytes in base64 (RFC 4648). In paths %XX stands for a
// byte that could end a word or a comment. Numbers stay as they were written: MuJoCo's own writer
// has six digits.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "envs/files_internal.h"
#include "envs/task_internal.h"

enum { MAX_PATH = 4096 };
static const char head[] = "\n<!-- mjirl-files 1 ";
static const char item[] = "\n<!-- mjirl-file ";
static const char end[] = " -->";
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

//---------------------------------- Words ---------------------------------------------------------

static bool is_plain(unsigned char c) {
  return c > ' ' && c < 127 && c != '%' && c != '-' && c != '<' && c != '>';
}

static char* put_path(char* out, const char* path) {
  for (; *path != 0; path++) {
    if (is_plain((unsigned char)*path)) {
      *out++ = *path;
    } else {
      out += sprintf(out, "%%%02X", (unsigned)(unsigned char)*path);
    }
  }
  return out;
}

// Reads a path up to the next space into out (size); NULL when it is none.
static const char* take_path(const char* text, char* out, size_t size) {
  size_t n = 0;
  for (; *text != ' '; n++) {
    unsigned c = (unsigned char)*text++;
    if (c == '%') {
      char hex[3] = {text[0], text[0] != 0 ? text[1] : 0, 0};
      char* last;
      c = (unsigned)strtoul(hex, &last, 16);
      if (last != hex + 2 || c == 0) {
        return NULL;
      }
      text += 2;
    } else if (!is_plain((unsigned char)c)) {
      return NULL;
    }
    if (n + 1 >= size) {
      return NULL;
    }
    out[n] = (char)c;
  }
  out[n] = 0;
  return n > 0 ? text + 1 : NULL;
}

static size_t base64_size(size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

static char* put_base64(char* out, const char* data, size_t size) {
  const unsigned char* in = (const unsigned char*)data;
  for (size_t i = 0; i < size; i += 3) {
    const size_t left = size - i;
    const unsigned word = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0) |
                          (left > 2 ? (unsigned)in[i + 2] : 0);
    *out++ = digits[word >> 18];
    *out++ = digits[word >> 12 & 63];
    *out++ = left > 1 ? digits[word >> 6 & 63] : '=';
    *out++ = left > 2 ? digits[word & 63] : '=';
  }
  return out;
}

static int digit_value(char c) {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }
  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }
  if (c >= '0' && c <= '9') {
    return c - '0' + 52;
  }
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Reads exactly `size` bytes; NULL when the text holds something else.
static const char* take_base64(const char* text, char* out, size_t size) {
  for (size_t i = 0; i < size; i += 3) {
    const size_t left = size - i < 3 ? size - i : 3;
    unsigned word = 0;
    for (size_t k = 0; k < 4; k++) {
      const int value = k <= left ? digit_value(*text) : *text == '=' ? 0 : -1;
      if (value < 0) {
        return NULL;
      }
      word = word << 6 | (unsigned)value;
      text++;
    }
    for (size_t k = 0; k < left; k++) {
      out[i + k] = (char)(word >> (16 - 8 * k) & 255);
    }
  }
  return text;
}

//---------------------------------- Packing -------------------------------------------------------

static int by_path(const void* a, const void* b) {
  return strcmp((*(irl_file* const*)a)->path, (*(irl_file* const*)b)->path);
}

// Length of the folder that all have in common, with its slash at the end.
static size_t common_folder(const irl_files* files) {
  const char* first = files->file[0]->path;
  size_t n = files->absolute ? 1 : strlen(first);
  for (int i = 0; i < files->n; i++) {
    size_t same = 0;
    while (same < n && first[same] == files->file[i]->path[same]) {
      same++;
    }
    n = same;
  }
  while (n > 1 && first[n - 1] != '/') {
    n--;
  }
  return n;
}

static size_t packed_size(const irl_files* files) {
  size_t size = sizeof head + sizeof end + 3 * MAX_PATH;
  for (int i = 0; i < files->n; i++) {
    const irl_file* file = files->file[i];
    size += sizeof item + sizeof end + 3 * strlen(file->path) + 32 + base64_size(file->size);
  }
  return size;
}

static char* put_text(char* out, const char* text) {
  const size_t n = strlen(text);
  memcpy(out, text, n);
  return out + n;
}

// The order in which MuJoCo's threads opened files must not show.
static void put_files(char* out, const irl_files* files, const char* main) {
  const size_t folder = common_folder(files);
  out = put_text(out, head);
  out = put_text(put_path(out, main + folder), end);
  for (int i = 0; i < files->n; i++) {
    const irl_file* file = files->file[i];
    if (strcmp(file->path, main) != 0) {
      out = put_path(put_text(out, item), file->path + folder);
      out += sprintf(out, " %zu ", file->size);
      out = put_text(put_base64(out, file->data, file->size), end);
    }
  }
  *put_text(out, "\n") = 0;
}

irl_err irl_archive_pack(char** text, const irl_files* files, const char* main, irl_errinfo* info) {
  const irl_file* whole = NULL;
  for (int i = 0; i < files->n; i++) {
    whole = strcmp(files->file[i]->path, main) == 0 ? files->file[i] : whole;
  }
  const size_t size = whole->size + (files->n > 1 ? packed_size(files) : 0);
  if (size > IRL_TASK_TEXT_MAX) {
    return irl_fail(info, IRL_ERANGE,
                    "%s: the model's files have %zu MB, and datasets keep at most %d; use smaller "
                    "meshes and textures",
                    main, files->bytes >> 20, IRL_TASK_TEXT_MAX >> 20);
  }
  *text = irl_calloc(size + 1, 1);
  if (*text == NULL) {
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; use a smaller model", main);
  }
  memcpy(*text, whole->data, whole->size);
  if (files->n > 1) {
    qsort(files->file, (size_t)files->n, sizeof(irl_file*), by_path);
    put_files(*text + whole->size, files, main);
  }
  return IRL_OK;
}

//---------------------------------- Unpacking -----------------------------------------------------

bool irl_archive_is(const char* text) {
  return strstr(text, head) != NULL;
}

static irl_err damaged(irl_errinfo* info) {
  return irl_fail(info, IRL_EPARSE,
                  "kept model: the list of its files is damaged; get it anew from where it came");
}

// Adds data under "/" and the relative path.
static irl_err add_copy(irl_files* files, const char* path, char* data, size_t size,
                        irl_errinfo* info) {
  char absolute[MAX_PATH + 1] = "/";
  snprintf(absolute + 1, MAX_PATH, "%s", path);
  return irl_files_add(files, absolute, data, size, info);
}

static irl_err take_file(irl_files* files, const char** text, const char* stop, irl_errinfo* info) {
  char path[MAX_PATH];
  char* after = NULL;
  const char* at = take_path(*text + sizeof item - 1, path, sizeof path);
  const unsigned long long size = at == NULL ? 0 : strtoull(at, &after, 10);
  if (at == NULL || *at == '-' || *after != ' ' || size > IRL_TASK_TEXT_MAX ||
      (size_t)(stop - after) < base64_size(size)) {
    return damaged(info);
  }
  char* data = irl_calloc(size + 1, 1);
  if (data == NULL) {
    return irl_fail(info, IRL_ENOMEM, "kept model: out of memory; close other programs");
  }
  at = take_base64(after + 1, data, size);
  if (at == NULL || strncmp(at, end, sizeof end - 1) != 0) {
    irl_free(data);
    return damaged(info);
  }
  *text = at + sizeof end - 1;
  return add_copy(files, path, data, size, info);
}

irl_err irl_archive_unpack(irl_files* files, char* main, size_t size, const char* text,
                           irl_errinfo* info) {
  const char *at = strstr(text, head), *stop = text + strlen(text);
  const size_t length = (size_t)(at - text);
  main[0] = '/';
  at = take_path(at + sizeof head - 1, main + 1, size - 1);
  if (at == NULL || strncmp(at - 1, end, sizeof end - 1) != 0) {
    return damaged(info);
  }
  at += sizeof end - 2;
  char* copy = irl_calloc(length + 1, 1);
  if (copy == NULL) {
    return irl_fail(info, IRL_ENOMEM, "kept model: out of memory; close other programs");
  }
  memcpy(copy, text, length);
  IRL_TRY(irl_files_add(files, main, copy, length, info));
  while (strncmp(at, item, sizeof item - 1) == 0) {
    IRL_TRY(take_file(files, &at, stop, info));
  }
  return strcmp(at, "\n") == 0 ? IRL_OK : damaged(info);
}
