// The virtual folder that MuJoCo reads a model's files from.
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "envs/files_internal.h"
#include "envs/task_internal.h"

#define FOLDER "/mjirl-files"  // no such folder is on the disk

enum { MAX_FILES = 10000 };
#define MAX_BYTES ((size_t)IRL_TASK_TEXT_MAX / 4 * 3)  // base64 makes 4 bytes of 3

//---------------------------------- The set -------------------------------------------------------

static irl_file* find(const irl_files* files, const char* path) {
  for (int i = 0; i < files->n; i++) {
    if (strcmp(files->file[i]->path, path) == 0) {
      return files->file[i];
    }
  }
  return NULL;
}

static void destroy_file(irl_file* file) {
  if (file != NULL) {
    irl_free(file->path);
    irl_free(file->data);
    irl_free(file->served);
    irl_free(file);
  }
}

static bool make_room(irl_files* files) {
  if (files->n < files->capacity) {
    return true;
  }
  const int capacity = 2 * files->capacity + 16;
  irl_file** more = IRL_NEW(irl_file*, capacity);
  if (more == NULL) {
    return false;
  }
  if (files->n > 0) {
    memcpy(more, files->file, (size_t)files->n * sizeof(irl_file*));
  }
  irl_free(files->file);
  files->file = more;
  files->capacity = capacity;
  return true;
}

//---------------------------------- Absolute paths ------------------------------------------------

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Whether the attribute whose value begins after text[quote] names a file or a folder: file,
// fileup, meshdir, texturedir, ...
static bool names_file(const char* text, size_t quote) {
  size_t end = quote;
  while (end > 0 && is_space(text[end - 1])) {
    end--;
  }
  if (end == 0 || text[end - 1] != '=') {
    return false;
  }
  end--;
  while (end > 0 && is_space(text[end - 1])) {
    end--;
  }
  size_t begin = end;
  while (begin > 0 && text[begin - 1] >= 'a' && text[begin - 1] <= 'z') {
    begin--;
  }
  const size_t n = end - begin;
  return (n >= 4 && memcmp(text + begin, "file", 4) == 0) ||
         (n >= 3 && memcmp(text + end - 3, "dir", 3) == 0);
}

// Absolute paths of an XML file begin after these places; returns their number, and writes the text
// with the folder put in front of each where out is not NULL.
static size_t move_paths(const irl_file* file, char* out) {
  const char* text = file->data;
  size_t count = 0, from = 0;
  for (size_t i = 0; i + 1 < file->size; i++) {
    const bool quote = text[i] == '"' || text[i] == '\'';
    if (!quote || text[i + 1] != '/' || !names_file(text, i)) {
      continue;
    }
    count++;
    if (out != NULL) {
      memcpy(out, text + from, i + 1 - from);
      out += i + 1 - from;
      memcpy(out, FOLDER, strlen(FOLDER));
      out += strlen(FOLDER);
      from = i + 1;
    }
  }
  if (out != NULL) {
    memcpy(out, text + from, file->size - from);
  }
  return count;
}

static bool is_xml(const char* path) {
  const size_t n = strlen(path);
  return n >= 4 && strcmp(path + n - 4, ".xml") == 0;
}

static bool serve_moved(irl_files* files, irl_file* file) {
  const size_t count = is_xml(file->path) ? move_paths(file, NULL) : 0;
  if (count == 0) {
    return true;
  }
  files->absolute = true;
  file->served_size = file->size + count * strlen(FOLDER);
  file->served = irl_calloc(file->served_size + 1, 1);
  if (file->served != NULL) {
    move_paths(file, file->served);
  }
  return file->served != NULL;
}

irl_err irl_files_add(irl_files* files, const char* path, char* data, size_t size,
                      irl_errinfo* info) {
  irl_file* file = IRL_NEW(irl_file, 1);
  if (file == NULL) {
    irl_free(data);
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; use a smaller model", path);
  }
  *file = (irl_file){.path = irl_strdup(path), .data = data, .size = size};
  if (file->path == NULL || !make_room(files) || !serve_moved(files, file)) {
    destroy_file(file);
    return irl_fail(info, IRL_ENOMEM, "%s: out of memory; use a smaller model", path);
  }
  files->file[files->n++] = file;
  files->bytes += size;
  if (is_xml(path)) {
    irl_plugins_need(data);
  }
  return IRL_OK;
}

//---------------------------------- Serving -------------------------------------------------------

static irl_err read_disk(irl_file** out, irl_files* files, const char* path) {
  char* data = NULL;
  size_t size = 0;
  if (files->n >= MAX_FILES) {
    return irl_fail(&files->failure, IRL_ERANGE,
                    "%s: is one more than the %d files that a model may have; join some", path,
                    MAX_FILES);
  }
  IRL_TRY(irl_file_read(path, MAX_BYTES - files->bytes, &data, &size, &files->failure));
  IRL_TRY(irl_files_add(files, path, data, size, &files->failure));
  *out = files->file[files->n - 1];
  return IRL_OK;
}

// The path on the disk, or in the archive, of a name that MuJoCo asks for.
static const char* inner_path(const char* name) {
  const size_t n = strlen(FOLDER);
  return strncmp(name, FOLDER, n) == 0 && name[n] == '/' ? name + n : NULL;
}

static int open_resource(mjResource* resource) {
  irl_files* files = resource->provider->data;
  const char* path = inner_path(resource->name);
  if (path == NULL) {
    return 0;
  }
  pthread_mutex_lock(&files->lock);
  irl_file* file = find(files, path);
  irl_err err = IRL_OK;
  if (file == NULL && files->disk) {
    err = read_disk(&file, files, path);
  }
  pthread_mutex_unlock(&files->lock);
  if (file == NULL || err != IRL_OK) {
    return 0;
  }
  // MuJoCo keeps compiled meshes by name and time stamp: the content tells two files apart
  snprintf(resource->timestamp, sizeof resource->timestamp, "%zu %08x", file->size,
           (unsigned)irl_crc32c(0, file->data, file->size));
  resource->data = file;
  return 1;
}

static int read_resource(mjResource* resource, const void** buffer) {
  const irl_file* file = resource->data;
  *buffer = file->served != NULL ? file->served : file->data;
  return (int)(file->served != NULL ? file->served_size : file->size);
}

static void close_resource(mjResource* resource) {
  resource->data = NULL;
}

static int mounted(mjResource* resource) {
  (void)resource;
  return 1;
}

static int is_modified(const mjResource* resource, const char* timestamp) {
  return strcmp(resource->timestamp, timestamp) != 0;
}

irl_err irl_files_init(irl_files* files, bool disk, irl_errinfo* info) {
  *files = (irl_files){.disk = disk};
  if (pthread_mutex_init(&files->lock, NULL) != 0) {
    return irl_fail(info, IRL_ENOMEM, "model: no lock for its files; close other programs");
  }
  mjp_defaultProvider(&files->provider);
  files->provider.prefix = "mjirl-files";
  files->provider.open = open_resource;
  files->provider.read = read_resource;
  files->provider.close = close_resource;
  files->provider.mount = mounted;
  files->provider.unmount = mounted;
  files->provider.modified = is_modified;
  files->provider.data = files;
  mj_defaultVFS(&files->vfs);
  if (mj_mountVFS(&files->vfs, FOLDER, &files->provider) != 0) {
    irl_files_fini(files);
    return irl_fail(info, IRL_ENOMEM,
                    "model: MuJoCo takes no virtual folder; close other programs");
  }
  return IRL_OK;
}

void irl_files_fini(irl_files* files) {
  mj_deleteVFS(&files->vfs);
  for (int i = 0; i < files->n; i++) {
    destroy_file(files->file[i]);
  }
  irl_free(files->file);
  pthread_mutex_destroy(&files->lock);
}

//---------------------------------- Parsing -------------------------------------------------------

mjSpec* irl_files_parse(const irl_files* files, const char* path, char* why, size_t size) {
  char name[4096 + sizeof FOLDER];
  snprintf(name, sizeof name, "%s%s", FOLDER, path);
  return mj_parseXML(name, &files->vfs, why, (int)size);
}

void irl_files_clean_message(char* text) {
  const size_t n = strlen(FOLDER);
  for (char* at = strstr(text, FOLDER); at != NULL; at = strstr(at, FOLDER)) {
    memmove(at, at + n, strlen(at + n) + 1);
  }
}
