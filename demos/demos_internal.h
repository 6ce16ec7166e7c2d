// What the sources of demos/ share: names of the layout (docs/demos.md) and the steps of a save.
#ifndef MJIRL_DEMOS_DEMOS_INTERNAL_H_
#define MJIRL_DEMOS_DEMOS_INTERNAL_H_

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "demos/demos.h"
#include "demos/guard.h"

#define IRL_DEMOS_DATA "main_data.hdf5"
#define IRL_DEMOS_METADATA "metadata.json"
#define IRL_DEMOS_BEFORE "data.before"  // the dataset before the last change in place

enum { IRL_DEMOS_FORMAT = 1, IRL_DEMOS_PATH = 4096 };

//---------------------------------- metadata.c ----------------------------------------------------

typedef struct irl_demos_totals {
  int episodes;
  int64_t steps;
  size_t bytes;     // of main_data.hdf5
  uint32_t crc32c;  // of main_data.hdf5
} irl_demos_totals;

// The text of metadata.json (irl_free). dir serves to name the dataset when meta does not.
IRL_NODISCARD irl_err irl_demos_metadata_text(char** text, const char* dir, const irl_task* task,
                                              const irl_demos_meta* meta,
                                              const irl_demos_totals* totals, irl_errinfo* info);

// What the loader needs of a metadata.json; texts are irl_free'd by the caller.
typedef struct irl_demos_metadata {
  char* dataset_id;
  char* algorithm;
  int episodes;  // -1 when absent
  bool has_crc, has_replaces;
  uint32_t crc32c;    // of main_data.hdf5
  uint32_t replaces;  // of the main_data.hdf5 that this one was made from, by a change in place
} irl_demos_metadata;

// A copy of a text (irl_free); NULL when there is no memory.
char* irl_demos_text(const char* text);

// An absent file is fine and gives empty texts.
IRL_NODISCARD irl_err irl_demos_metadata_read(irl_demos_metadata* metadata, const char* path,
                                              irl_errinfo* info);

//---------------------------------- build.c -------------------------------------------------------

// Writes main_data.hdf5, a new file, which is not synced; totals is what metadata.json says of it,
// the checksum that of its bytes read back. A failure leaves no file.
IRL_NODISCARD irl_err irl_demos_build(const char* path, irl_demos_totals* totals,
                                      const irl_task* task, const irl_batch* batch,
                                      const irl_demos_meta* meta, irl_errinfo* info);

// The same without the checksum, or with alone only what robomimic reads: another program's file,
// not a dataset of ours.
IRL_NODISCARD irl_err irl_demos_build_view(const char* path, irl_demos_totals* totals,
                                           const irl_task* task, const irl_batch* batch,
                                           const irl_demos_meta* meta, bool alone,
                                           irl_errinfo* info);

//---------------------------------- place.c -------------------------------------------------------

// A folder <dir>/data that appears whole: files are written to a hidden folder beside it, which is
// then renamed. A lock on dir keeps a second writer out, so that what a crash left can be removed.
typedef struct irl_place {
  char dir[IRL_DEMOS_PATH];
  char partial[IRL_DEMOS_PATH];  // hidden folder to write to
  char data[IRL_DEMOS_PATH];     // its final name
  char old[IRL_DEMOS_PATH];      // hidden name of what is being replaced
  int lock;                      // descriptor of dir
  int created;                   // folders made on the way to dir, dir included
  bool replace;                  // what dir holds may be replaced
  bool keep;                     // and is then kept as IRL_DEMOS_BEFORE
} irl_place;

// With replace, a dataset that dir holds is kept from changing until the place is closed, so that
// it can be loaded, changed and put back; without, it is refused (IRL_EEXIST).
IRL_NODISCARD irl_err irl_place_open(irl_place* place, const char* dir, bool replace,
                                     irl_errinfo* info);
// Exactly one of these, or irl_place_undo, ends it. A commit that failed before the new folder
// stood has cleaned up; IRL_OK means that it stands, and would after power loss.
IRL_NODISCARD irl_err irl_place_commit(irl_place* place, irl_errinfo* info);
void irl_place_abort(irl_place* place);
// The third way to end it: exchanges the dataset with the one that was kept. Errors:
// IRL_EUNSUPPORTED where the file system cannot do it in one step, IRL_EIO.
IRL_NODISCARD irl_err irl_place_undo(irl_place* place, irl_errinfo* info);
// Makes the names in dir survive power loss.
IRL_NODISCARD irl_err irl_place_sync(const irl_place* place, irl_errinfo* info);

//---------------------------------- save.c --------------------------------------------------------

// Writes a dataset to an open place, reads it back, compares, and ends the place either way.
IRL_NODISCARD irl_err irl_demos_save_at(irl_place* place, const irl_task* task,
                                        const irl_batch* batch, const irl_demos_meta* meta,
                                        irl_errinfo* info);

//---------------------------------- load.c --------------------------------------------------------

// Hidden name of a dataset between the two renames of a replacement, where they cannot be one.
#define IRL_DEMOS_OLD ".data.old"

// Reads one HDF5 file and the metadata.json beside it.
IRL_NODISCARD irl_err irl_demos_read(irl_demos** demos, const char* data_path,
                                     const char* metadata_path, const irl_demos_access* access,
                                     irl_errinfo* info);

// Reads a dataset by the same rules but one episode at a time, into the same memory: `one` holds it
// as its only trajectory until the call returns. What all episodes must have for a fact to be known
// (has_seed, ...) says whether those so far have it. The first error ends it. found: the checksum
// that the file was just found to have, which is then only compared; NULL: none.
typedef irl_err (*irl_demos_seer)(void* user, const irl_demos* one, int episode);
IRL_NODISCARD irl_err irl_demos_scan(const char* data_path, const char* metadata_path,
                                     const uint32_t* found, irl_demos_seer see, void* user,
                                     irl_errinfo* info);

// Paths of the two files of a dataset, which is named by its folder, its data folder or the HDF5
// file itself. Errors: IRL_ENOENT, IRL_ERANGE.
IRL_NODISCARD irl_err irl_demos_find(const char* dir, char* data, char* metadata, size_t size,
                                     irl_errinfo* info);

//---------------------------------- checksum.c ----------------------------------------------------

// Checksum of a whole file.
IRL_NODISCARD irl_err irl_demos_file_crc(const char* path, uint32_t* crc, irl_errinfo* info);
// IRL_EPARSE if the file has another one than metadata.json says; IRL_OK where that says none.
IRL_NODISCARD irl_err irl_demos_check_crc(const irl_demos_metadata* metadata, const char* path,
                                          irl_errinfo* info);

#endif  // MJIRL_DEMOS_DEMOS_INTERNAL_H_
