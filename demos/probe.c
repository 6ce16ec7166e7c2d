// The helper's side: limits for this process, then a walk over every object of a file that reads
// all numbers, texts and attributes once.
#include <hdf5.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/helper.h"
#include "demos/guard.h"
#include "demos/store_internal.h"

enum { MAX_DEPTH = 32, MAX_OBJECTS = 1 << 22, BLOCK = 1 << 20, MAX_RANK = 8 };
#define MAX_BLOCK ((hsize_t)256 << 20)  // bytes read at once: a chunk of the file at least
#define MEMORY ((size_t)1 << 30)        // bytes beyond what the process has at the start
#define MAX_RATIO 1100                  // deflate cannot pass 1032

typedef struct prober {
  hid_t file;
  const char* path;
  irl_errinfo* info;
  irl_err err;
  haddr_t* seen;  // objects met, a hash table of `capacity` places; HADDR_UNDEF: free
  size_t capacity, count;
} prober;

//---------------------------------- Limits --------------------------------------------------------

static void limit_process(off_t size) {
  irl_helper_limit(5 + (double)size / 5e7, MEMORY);
}

//---------------------------------- Objects met ---------------------------------------------------

static size_t place_of(const haddr_t* table, size_t capacity, haddr_t address) {
  size_t at = (size_t)(address * 0x9E3779B97F4A7C15u) & (capacity - 1);
  while (table[at] != HADDR_UNDEF && table[at] != address) {
    at = (at + 1) & (capacity - 1);
  }
  return at;
}

static bool grow(prober* p) {
  size_t capacity = p->capacity ? 2 * p->capacity : 1024;
  haddr_t* table = IRL_NEW(haddr_t, capacity);
  for (size_t i = 0; table && i < capacity; i++) {
    table[i] = HADDR_UNDEF;
  }
  for (size_t i = 0; table && i < p->capacity; i++) {
    if (p->seen[i] != HADDR_UNDEF) {
      table[place_of(table, capacity, p->seen[i])] = p->seen[i];
    }
  }
  if (table) {
    irl_free(p->seen);
    p->seen = table;
    p->capacity = capacity;
  }
  return table != NULL;
}

// True the first time. Hard links may form cycles and give one array many names.
static bool first_time(prober* p, haddr_t address) {
  if (2 * p->count >= p->capacity && !grow(p)) {
    p->err = irl_fail(p->info, IRL_ENOMEM, "%s: no memory to examine it; free some", p->path);
    return false;
  }
  size_t at = place_of(p->seen, p->capacity, address);
  if (p->seen[at] == address) {
    return false;
  }
  p->seen[at] = address;
  if (++p->count > MAX_OBJECTS) {
    p->err = irl_fail(p->info, IRL_ERANGE,
                      "%s: holds more than %d objects; it is not a dataset of demonstrations",
                      p->path, MAX_OBJECTS);
  }
  return p->err == IRL_OK;
}

//---------------------------------- Values --------------------------------------------------------

static void damaged(prober* p, const char* name) {
  H5Eclear2(H5E_DEFAULT);
  if (!p->err) {
    p->err = irl_fail(p->info, IRL_EPARSE,
                      "%s: %s cannot be read; the file is damaged, get it anew from where it came",
                      p->path, name);
  }
}

// Kinds of values that the loaders read; others are left alone, as they will be later.
static bool readable(hid_t type) {
  H5T_class_t class = H5Tget_class(type);
  return class == H5T_INTEGER || class == H5T_FLOAT || class == H5T_ENUM || class == H5T_STRING;
}

static bool plain_storage(hid_t list) {
  H5D_layout_t layout = H5Pget_layout(list);
  bool good = (layout == H5D_CONTIGUOUS || layout == H5D_CHUNKED || layout == H5D_COMPACT) &&
              H5Pget_external_count(list) == 0;
  for (int i = 0; good && i < H5Pget_nfilters(list); i++) {
    unsigned flags, config;
    size_t n = 0;
    H5Z_filter_t filter = H5Pget_filter2(list, (unsigned)i, &flags, &n, NULL, 0, NULL, &config);
    good = filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE ||
           filter == H5Z_FILTER_FLETCHER32;
  }
  return good;
}

// Rows of the first dimension to read at once, so that no chunk is unpacked twice; 0: too many
// bytes.
static hsize_t block_rows(hid_t list, int rank, const hsize_t* dims, size_t item) {
  hsize_t row = item, rows = 1, chunk[MAX_RANK];
  for (int i = 1; i < rank; i++) {
    if (dims[i] != 0 && row > MAX_BLOCK / dims[i]) {
      return 0;
    }
    row *= dims[i];
  }
  if (H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, MAX_RANK, chunk) == rank) {
    rows = chunk[0] ? chunk[0] : 1;
  }
  rows = rows > dims[0] ? dims[0] : rows;
  if (row == 0 || rows > MAX_BLOCK / row) {
    return row == 0 ? dims[0] : 0;
  }
  hsize_t times = BLOCK / (rows * row);
  return times > 1 ? rows * times : rows;
}

// Reads rows first..first+n-1 into the buffer and forgets them.
static bool read_block(hid_t set, hid_t type, hid_t space, int rank, const hsize_t* dims,
                       hsize_t first, hsize_t n, void* buffer) {
  hsize_t from[MAX_RANK] = {first}, count[MAX_RANK];
  memcpy(count, dims, (size_t)rank * sizeof *count);
  count[0] = n;
  hid_t memory = H5Screate_simple(rank, count, NULL);
  bool good = H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, count, NULL) >= 0 &&
              H5Dread(set, type, memory, space, H5P_DEFAULT, buffer) >= 0;
  if (good && H5Tis_variable_str(type) > 0) {
    good = H5Dvlen_reclaim(type, memory, H5P_DEFAULT, buffer) >= 0;
  }
  H5Sclose(memory);
  return good;
}

// All values of an array of one or more dimensions.
static bool read_rows(hid_t set, hid_t type, hid_t space, hid_t list) {
  hsize_t dims[MAX_RANK];
  int rank = H5Sget_simple_extent_ndims(space);
  if (rank > MAX_RANK || H5Sget_simple_extent_dims(space, dims, NULL) < 0) {
    return false;
  }
  size_t item = H5Tget_size(type);
  if (dims[0] == 0 || item == 0) {
    return true;
  }
  hsize_t rows = block_rows(list, rank, dims, item), bytes = rows * item;
  for (int i = 1; i < rank; i++) {
    bytes *= dims[i];
  }
  void* buffer = rows == 0 ? NULL : irl_calloc((size_t)bytes + 1, 1);
  bool good = buffer != NULL;
  for (hsize_t at = 0; good && at < dims[0]; at += rows) {
    hsize_t n = dims[0] - at < rows ? dims[0] - at : rows;
    good = read_block(set, type, space, rank, dims, at, n, buffer);
  }
  irl_free(buffer);
  return good;
}

static bool read_scalar(hid_t set, hid_t type, hid_t space) {
  size_t size = H5Tget_size(type);
  void* value = size > MAX_BLOCK ? NULL : irl_calloc(size + 1, 1);
  bool good = value && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >= 0;
  if (good && H5Tis_variable_str(type) > 0) {
    good = H5Dvlen_reclaim(type, space, H5P_DEFAULT, value) >= 0;
  }
  irl_free(value);
  return good;
}

// A declared size that no file of this size can hold would cost its reader all memory or time.
static bool size_possible(prober* p, hid_t set, hid_t type, hid_t space, const char* name) {
  hssize_t items = H5Sget_simple_extent_npoints(space);
  double declared = (double)items * (double)H5Tget_size(type);
  double held = (double)H5Dget_storage_size(set);
  if (items >= 0 && declared <= MAX_RATIO * held + BLOCK) {
    return true;
  }
  p->err = irl_fail(p->info, IRL_ERANGE,
                    "%s: %s is declared with %.3g bytes but holds %.3g; the file is damaged, get "
                    "it anew from where it came",
                    p->path, name, declared, held);
  return false;
}

static void probe_dataset(prober* p, hid_t set, const char* name) {
  hid_t type = H5Dget_type(set), space = H5Dget_space(set), list = H5Dget_create_plist(set);
  if (type < 0 || space < 0 || list < 0) {
    damaged(p, name);
  } else if (readable(type) && plain_storage(list) && size_possible(p, set, type, space, name)) {
    H5S_class_t kind = H5Sget_simple_extent_type(space);
    hid_t memory = H5Tget_native_type(type, H5T_DIR_ASCEND);
    bool good = memory >= 0;
    if (good && kind != H5S_NULL) {
      good = kind == H5S_SCALAR ? read_scalar(set, memory, space)
                                : read_rows(set, memory, space, list);
    }
    H5Tclose(memory);
    if (!good) {
      damaged(p, name);
    }
  }
  H5Pclose(list);
  H5Sclose(space);
  H5Tclose(type);
}

//---------------------------------- Attributes ----------------------------------------------------

static herr_t probe_attribute(hid_t object, const char* name, const H5A_info_t* about, void* user) {
  (void)about;
  prober* p = user;
  hid_t id = H5Aopen(object, name, H5P_DEFAULT);
  hid_t type = id < 0 ? -1 : H5Aget_type(id), space = id < 0 ? -1 : H5Aget_space(id);
  hssize_t items = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
  size_t size = type < 0 ? 0 : H5Tget_size(type);
  bool good = items >= 0 && (items == 0 || size <= MAX_BLOCK / (hsize_t)items);
  if (good && items > 0 && readable(type)) {
    void* value = irl_calloc((size_t)items, size);
    good = value && H5Aread(id, type, value) >= 0;
    if (good && H5Tis_variable_str(type) > 0) {
      good = H5Dvlen_reclaim(type, space, H5P_DEFAULT, value) >= 0;
    }
    irl_free(value);
  }
  H5Sclose(space);
  H5Tclose(type);
  H5Aclose(id);
  if (!good) {
    damaged(p, name);
  }
  return good ? 0 : -1;
}

//---------------------------------- Walk ----------------------------------------------------------

static void probe_object(prober* p, hid_t object, const char* name, int depth);

// Members of a group, by hard links only: others could lead anywhere.
static void probe_group(prober* p, hid_t group, const char* name, int depth) {
  H5G_info_t about;
  char member[256];
  if (H5Gget_info(group, &about) < 0) {
    damaged(p, name);
    return;
  }
  for (hsize_t i = 0; i < about.nlinks && !p->err; i++) {
    H5L_info_t link;
    ssize_t size = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_NATIVE, i, member,
                                      sizeof member, H5P_DEFAULT);
    if (size < 0 ||
        H5Lget_info_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_NATIVE, i, &link, H5P_DEFAULT) < 0) {
      damaged(p, name);
    } else if (link.type == H5L_TYPE_HARD) {
      hid_t object = H5Oopen_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_NATIVE, i, H5P_DEFAULT);
      if (object < 0) {
        damaged(p, member);
      } else {
        probe_object(p, object, member, depth + 1);
      }
      H5Oclose(object);
    }
  }
}

static void probe_object(prober* p, hid_t object, const char* name, int depth) {
  H5O_info_t about;
  if (depth > MAX_DEPTH) {
    p->err = irl_fail(p->info, IRL_ERANGE,
                      "%s: its groups are nested deeper than %d; it is not a dataset of "
                      "demonstrations",
                      p->path, MAX_DEPTH);
  } else if (H5Oget_info(object, &about) < 0) {
    damaged(p, name);
  } else if (first_time(p, about.addr)) {
    hsize_t at = 0;
    if (H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, &at, probe_attribute, p) < 0) {
      damaged(p, name);
    } else if (about.type == H5O_TYPE_GROUP) {
      probe_group(p, object, name, depth);
    } else if (about.type == H5O_TYPE_DATASET) {
      probe_dataset(p, object, name);
    }
  }
}

irl_err irl_demos_probe(const char* path, irl_errinfo* info) {
  struct stat file;
  irl_h5r reader;
  if (stat(path, &file) != 0 || !S_ISREG(file.st_mode)) {
    return irl_fail(info, IRL_ENOENT, "%s: is not a file; give an HDF5 file", path);
  }
  limit_process(file.st_size);
  IRL_TRY(irl_h5r_open(&reader, path, info));
  prober p = {.file = reader.file, .path = path, .info = info};
  hid_t root = H5Oopen(p.file, "/", H5P_DEFAULT);
  if (root < 0) {
    damaged(&p, "its root");
  } else {
    probe_object(&p, root, "its root", 0);
    H5Oclose(root);
  }
  irl_free(p.seen);
  irl_h5r_close(&reader);
  return p.err;
}
