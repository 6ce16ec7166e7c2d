// Durable files.
//
// A write is complete or did not happen: temporary file in the same folder, write, fsync, rename,
// fsync of the folder. All file access of the project's own formats goes through here.
#ifndef MJIRL_BASE_FILE_H_
#define MJIRL_BASE_FILE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

// Reads a whole regular file of at most max_size bytes; *data is heap memory with a zero byte after
// the last one (irl_free). Errors: IRL_ENOENT, IRL_EIO, IRL_ERANGE (too large), IRL_ENOMEM.
IRL_NODISCARD irl_err irl_file_read(const char* path, size_t max_size, char** data, size_t* size,
                                    irl_errinfo* info);

// Replaces the file atomically and durably. Errors: IRL_EIO, IRL_ENOSPC; the old file then stands.
// Temporary files that killed writers left in the folder an hour ago or earlier are removed.
IRL_NODISCARD irl_err irl_file_write(const char* path, const void* data, size_t size,
                                     irl_errinfo* info);

// Writes a new file of a folder that is itself put in place later: its bytes are under way to the
// disk, and irl_file_sync waits for them. Between the two it can be read back at no cost. Errors:
// IRL_EIO (also when it exists), IRL_ENOSPC; no file is left.
IRL_NODISCARD irl_err irl_file_stage(const char* path, const void* data, size_t size,
                                     irl_errinfo* info);

// A name beside path for a file that is written in other ways and then committed; no other process
// uses it. False when it does not fit.
bool irl_file_temporary(char* out, size_t size, const char* path);

// Durably puts an already written temporary file in the place of path (fsync, rename, fsync of the
// folder); on failure the temporary file is removed and the old file stands.
IRL_NODISCARD irl_err irl_file_commit(const char* temporary, const char* path, irl_errinfo* info);

// Appends to a file, creating it; the bytes go in one write. Errors: IRL_EIO, IRL_ENOSPC.
IRL_NODISCARD irl_err irl_file_append(const char* path, const void* data, size_t size,
                                      irl_errinfo* info);

// Puts what has been written to an existing file onto the disk, its name with it. Errors: IRL_EIO.
IRL_NODISCARD irl_err irl_file_sync(const char* path, irl_errinfo* info);

// Removes temporary files that killed writers left in a folder, however young, of one file in it or
// of all (name NULL): for a caller who knows that nobody else writes them now. One that is held
// stays.
void irl_dir_sweep(const char* folder, const char* name);

// Holds an existing folder until irl_dir_unlock or the end of the process; *lock is negative where
// the file system cannot lock, and nothing is known of others. Errors: IRL_EEXIST (another holds
// it), IRL_EIO.
IRL_NODISCARD irl_err irl_dir_lock(int* lock, const char* path, irl_errinfo* info);
void irl_dir_unlock(int lock);

// Creates a folder and its parents; an existing one is fine.
IRL_NODISCARD irl_err irl_dir_create(const char* path, irl_errinfo* info);

// Fails with a clear sentence unless files can be created in the folder, or in its nearest existing
// parent when it does not exist yet. Leaves nothing behind.
IRL_NODISCARD irl_err irl_dir_check_writable(const char* path, irl_errinfo* info);

// The sentence and code for a system call on path that failed with this errno: "<path>: cannot
// <verb>: <reason>; <remedy>".
irl_err irl_file_fail(irl_errinfo* info, const char* path, const char* verb, int error);

// Fails unless it can be told what stands at path and, where it is a folder, holds; names the
// folder for which permission is missing. The three below are false of what cannot be seen, which
// says neither that it is there nor that it is not. Errors: IRL_EIO.
IRL_NODISCARD irl_err irl_path_check_seen(const char* path, irl_errinfo* info);

bool irl_file_exists(const char* path);
bool irl_dir_exists(const char* path);
bool irl_dir_empty(const char* path);  // true also when there is no such folder

// Writes "<folder>/<name>" into out; false when it does not fit.
bool irl_path_join(char* out, size_t size, const char* folder, const char* name);

// CRC-32C (Castagnoli, RFC 3720), continued from crc (0 to begin).
uint32_t irl_crc32c(uint32_t crc, const void* data, size_t size);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_FILE_H_
