// The files that a model is made of; private to envs.
//
// MuJoCo opens included files, meshes, textures and height fields by itself. They are served to it
// under a virtual folder: from the disk, with a copy of each kept, or from the copies alone. The
// copies go into the text that datasets and runs keep, so that they need no file of anybody's.
#ifndef MJIRL_ENVS_FILES_INTERNAL_H_
#define MJIRL_ENVS_FILES_INTERNAL_H_

#include <mujoco/mujoco.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

// One file, under the absolute path that MuJoCo knows it by (without the virtual folder).
typedef struct irl_file {
  char* path;
  char* data;  // with a zero byte after the last
  size_t size;
  char* served;  // what MuJoCo gets where that differs: absolute paths moved into the folder
  size_t served_size;
} irl_file;

typedef struct irl_files {
  irl_file** file;  // (n); each a block of its own, as MuJoCo holds on to data while others come
  int n, capacity;
  size_t bytes;          // of all data
  bool disk;             // a file that is not here yet is read from the disk
  bool absolute;         // an absolute path was met
  irl_errinfo failure;   // why the last file could not be had
  pthread_mutex_t lock;  // MuJoCo opens files from several threads
  mjVFS vfs;
  mjpResourceProvider provider;
} irl_files;

// Mounts the virtual folder. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_files_init(irl_files* files, bool disk, irl_errinfo* info);
void irl_files_fini(irl_files* files);

// Adds a file that takes over data (irl_free). Errors: IRL_ENOMEM, after which data is freed.
IRL_NODISCARD irl_err irl_files_add(irl_files* files, const char* path, char* data, size_t size,
                                    irl_errinfo* info);

// Parses the model at an absolute path that was added; NULL with MuJoCo's sentence in why.
mjSpec* irl_files_parse(const irl_files* files, const char* path, char* why, size_t size);

// Takes the virtual folder out of one of MuJoCo's messages.
void irl_files_clean_message(char* text);

//---------------------------------- archive.c -----------------------------------------------------

// The text that keeps a model: the MJCF at `main` as it is, and where it needs others, each of them
// in an XML comment behind it. Heap memory. Errors: IRL_ENOMEM, IRL_ERANGE where it gets too long.
IRL_NODISCARD irl_err irl_archive_pack(char** text, const irl_files* files, const char* main,
                                       irl_errinfo* info);

// Whether a text has files behind its MJCF.
bool irl_archive_is(const char* text);

// The files of such a text, with `main` (size) the path of its MJCF. Errors: IRL_EPARSE.
IRL_NODISCARD irl_err irl_archive_unpack(irl_files* files, char* main, size_t size,
                                         const char* text, irl_errinfo* info);

#endif  // MJIRL_ENVS_FILES_INTERNAL_H_
