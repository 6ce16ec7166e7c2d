// The checksum of main_data.hdf5 that metadata.json carries.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "demos/demos_internal.h"

// Checksum of a whole file, read in blocks.
irl_err irl_demos_file_crc(const char* path, uint32_t* crc, irl_errinfo* info) {
  enum { BLOCK = 1 << 16 };
  unsigned char* block = irl_calloc(BLOCK, 1);
  int file;
  do {
    file = open(path, O_RDONLY | O_CLOEXEC);
  } while (file < 0 && errno == EINTR);
  ssize_t got = block && file >= 0 ? 1 : -1;
  *crc = 0;
  while (got > 0) {
    do {
      got = read(file, block, BLOCK);
    } while (got < 0 && errno == EINTR);
    *crc = got > 0 ? irl_crc32c(*crc, block, (size_t)got) : *crc;
  }
  int reason = errno;
  irl_free(block);
  if (file >= 0) {
    close(file);
  }
  return got == 0 ? IRL_OK
                  : irl_fail(info, IRL_EIO, "%s: cannot be read: %s; check the disk and its rights",
                             path, strerror(reason));
}

// HDF5 guards its own bookkeeping by checksums but not the numbers; this one guards both, and
// damage is found before HDF5 sees it.
irl_err irl_demos_check_crc(const irl_demos_metadata* metadata, const char* path,
                            irl_errinfo* info) {
  uint32_t crc;
  if (!metadata->has_crc) {
    return IRL_OK;
  }
  IRL_TRY(irl_demos_file_crc(path, &crc, info));
  if (crc == metadata->crc32c) {
    return IRL_OK;
  }
  return irl_fail(info, IRL_EPARSE,
                  "%s: is damaged or was changed: its checksum is %08" PRIx32
                  ", metadata.json says %08" PRIx32
                  "; restore it, or remove mjirl_crc32c there to read it as it is",
                  path, crc, metadata->crc32c);
}
