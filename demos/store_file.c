// The file that HDF5 writes to: a driver of HDF5's that never fails. A write that failed would
// leave HDF5 with handles that it can neither close nor forget (it crashes at exit), so the first
// error is kept aside, what follows is dropped, and irl_h5w_finish reports it.
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demos/store_internal.h"

enum { KICK = 8 << 20 };  // bytes after which the disk is set to work

// What HDF5 knows of an open file; its own part comes first.
typedef struct driver_file {
  H5FD_t base;
  irl_h5_sink* sink;
  haddr_t allocated;  // end of what HDF5 has given out
} driver_file;

//---------------------------------- The disk ------------------------------------------------------

static void note(irl_h5_sink* s, int error) {
  s->error = s->error ? s->error : error;
}

void irl_h5_sink_open(irl_h5_sink* sink, const char* path) {
  *sink = (irl_h5_sink){.path = path};
  do {
    sink->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (sink->fd < 0 && errno == EINTR);
  if (sink->fd < 0) {
    note(sink, errno);
  }
}

void irl_h5_sink_close(irl_h5_sink* sink) {
  if (sink->fd < 0) {
    return;
  }
  if (close(sink->fd) != 0 && errno != EINTR) {
    note(sink, errno);
  }
  if (sink->error) {
    (void)unlink(sink->path);
  }
}

// Whole transfers, also where the system does them in parts.
static void write_at(irl_h5_sink* s, const char* data, size_t size, int64_t at) {
  while (size > 0 && !s->error) {
    const ssize_t n = pwrite(s->fd, data, size, at);
    if (n <= 0 && !(n < 0 && errno == EINTR)) {
      note(s, n < 0 ? errno : EIO);
    }
    data += n > 0 ? n : 0;
    at += n > 0 ? n : 0;
    size -= n > 0 ? (size_t)n : 0;
  }
}

// What was never written reads as zeros, as does all after an error.
static void read_at(irl_h5_sink* s, char* data, size_t size, int64_t at) {
  while (size > 0 && !s->error) {
    const ssize_t n = pread(s->fd, data, size, at);
    if (n == 0) {
      break;
    }
    if (n < 0 && errno != EINTR) {
      note(s, errno);
    }
    data += n > 0 ? n : 0;
    at += n > 0 ? n : 0;
    size -= n > 0 ? (size_t)n : 0;
  }
  memset(data, 0, size);
}

//---------------------------------- The driver ----------------------------------------------------

static H5FD_t* driver_open(const char* name, unsigned flags, hid_t access, haddr_t maxaddr) {
  (void)name, (void)flags, (void)maxaddr;
  irl_h5_sink* const* sink = H5Pget_driver_info(access);
  driver_file* f = calloc(1, sizeof *f);
  if (f) {
    f->sink = *sink;
  }
  return (H5FD_t*)f;
}

static herr_t driver_close(H5FD_t* file) {
  free(file);
  return 0;
}

static herr_t driver_query(const H5FD_t* file, unsigned long* flags) {
  (void)file;
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA_WRITE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

static haddr_t driver_get_eoa(const H5FD_t* file, H5FD_mem_t type) {
  (void)type;
  return ((const driver_file*)file)->allocated;
}

static herr_t driver_set_eoa(H5FD_t* file, H5FD_mem_t type, haddr_t address) {
  (void)type;
  ((driver_file*)file)->allocated = address;
  return 0;
}

static haddr_t driver_get_eof(const H5FD_t* file, H5FD_mem_t type) {
  (void)type;
  return (haddr_t)((const driver_file*)file)->sink->end;
}

static herr_t driver_read(H5FD_t* file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t size,
                          void* data) {
  (void)type, (void)transfer;
  read_at(((driver_file*)file)->sink, data, size, (int64_t)at);
  return 0;
}

static herr_t driver_write(H5FD_t* file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t size,
                           const void* data) {
  (void)type, (void)transfer;
  irl_h5_sink* s = ((driver_file*)file)->sink;
  const int64_t end = (int64_t)(at + size);
  write_at(s, data, size, (int64_t)at);
  s->end = end > s->end ? end : s->end;
  if (s->end - s->kicked >= KICK) {
    (void)sync_file_range(s->fd, s->kicked, s->end - s->kicked, SYNC_FILE_RANGE_WRITE);
    s->kicked = s->end;
  }
  return 0;
}

// The file ends where HDF5 says: aggregated space at its end may never have been written.
static herr_t driver_truncate(H5FD_t* file, hid_t transfer, hbool_t closing) {
  (void)transfer, (void)closing;
  driver_file* f = (driver_file*)file;
  irl_h5_sink* s = f->sink;
  if (s->error || s->end == (int64_t)f->allocated) {
    return 0;
  }
  int result;
  do {
    result = ftruncate(s->fd, (off_t)f->allocated);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    note(s, errno);
  }
  s->end = (int64_t)f->allocated;
  return 0;
}

static const H5FD_class_t DRIVER = {
#if H5_VERSION_GE(1, 14, 0)
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)600,  // of those for drivers that are not registered
#endif
    .name = "mjirl",
    .maxaddr = INT64_MAX,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(irl_h5_sink*),
    .open = driver_open,
    .close = driver_close,
    .query = driver_query,
    .get_eoa = driver_get_eoa,
    .set_eoa = driver_set_eoa,
    .get_eof = driver_get_eof,
    .read = driver_read,
    .write = driver_write,
    .truncate = driver_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

int64_t irl_h5_sink_driver(void) {
  return H5FDregister(&DRIVER);
}

int irl_h5_sink_use(int64_t access, int64_t driver, irl_h5_sink* sink) {
  return H5Pset_driver(access, driver, &sink);
}
