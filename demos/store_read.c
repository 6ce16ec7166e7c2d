// Reading HDF5 with suspicion: only hard links, plain arrays of numbers and short texts.
#include <hdf5.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "demos/store_internal.h"
#include "envs/task.h"

enum { MAX_NAME = 256 };

//---------------------------------- Opening -------------------------------------------------------

// Keeps the description of the innermost error, the one that says what is wrong.
static herr_t first_reason(unsigned n, const H5E_error2_t* error, void* out) {
  if (n == 0 && error->desc) {
    snprintf(out, MAX_NAME, "%s", error->desc);
  }
  return 0;
}

// The sentence for a failed HDF5 call; asks for the reason before another call clears it.
static irl_err damaged(irl_h5r* r, const char* name) {
  char reason[MAX_NAME] = "no reason given";
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first_reason, reason);
  H5Eclear2(H5E_DEFAULT);
  return irl_fail(r->info, IRL_EPARSE,
                  "%s: %s cannot be read (HDF5: %s); the file is damaged, restore it from a copy",
                  r->path, name, reason);
}

irl_err irl_h5r_open(irl_h5r* r, const char* path, irl_errinfo* info) {
  *r = (irl_h5r){.file = -1, .path = path, .info = info};
  irl_h5_quiet(&r->print);
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  r->file = H5Fopen(path, H5F_ACC_RDONLY, access);
  irl_err err = r->file < 0 ? damaged(r, "it") : IRL_OK;  // before another call clears the reason
  H5Pclose(access);
  if (err) {
    irl_h5_loud(&r->print);
  }
  return err;
}

// Closing the file closes what is open of it.
void irl_h5r_close(irl_h5r* r) {
  if (r->file >= 0) {
    H5Fclose(r->file);
    irl_h5_loud(&r->print);
  }
  r->file = -1;
}

//---------------------------------- Finding -------------------------------------------------------

// Takes down a member of a group; stops where there are too many or too long ones.
static herr_t note_member(hid_t group, const char* name, const H5L_info_t* link, void* user) {
  (void)group;
  irl_h5_group* g = user;
  if (g->n == IRL_H5_MEMBERS || strlen(name) >= IRL_H5_NAME) {
    g->all = false;
    return 1;
  }
  snprintf(g->member[g->n].name, IRL_H5_NAME, "%s", name);
  g->member[g->n++].hard = link->type == H5L_TYPE_HARD;
  return 0;
}

// One link: absent, or hard, or refused. A soft or external link could lead anywhere. g NULL: of
// the root. `name` is the whole path, for messages.
static irl_err find_link(irl_h5r* r, const irl_h5_group* g, const char* leaf, const char* name,
                         bool* present) {
  bool hard = true;
  *present = false;
  for (int i = 0; g && g->all && i < g->n; i++) {
    if (!strcmp(g->member[i].name, leaf)) {
      *present = true;
      hard = g->member[i].hard;
    }
  }
  if (!g || !g->all) {
    const hid_t place = g ? g->id : r->file;
    H5L_info_t link = {.type = H5L_TYPE_HARD};
    const htri_t there = H5Lexists(place, leaf, H5P_DEFAULT);
    if (there < 0 || (there > 0 && H5Lget_info(place, leaf, &link, H5P_DEFAULT) < 0)) {
      return damaged(r, name);
    }
    *present = there > 0;
    hard = link.type == H5L_TYPE_HARD;
  }
  return hard ? IRL_OK
              : irl_fail(r->info, IRL_EUNSUPPORTED,
                         "%s: %s is a soft or external link; copy the data into the file "
                         "(h5repack)",
                         r->path, name);
}

// Forgets the groups from a depth on.
static void leave(irl_h5r* r, int depth) {
  for (int d = depth; d < IRL_H5_DEPTH; d++) {
    if (r->group[d].path[0]) {
      H5Gclose(r->group[d].id);
    }
    r->group[d].path[0] = 0;
  }
}

// Opens a group that was found in another one (NULL: the root), at its depth.
static irl_err open_group(irl_h5r* r, const irl_h5_group* parent, const char* leaf,
                          const char* path, int depth) {
  irl_h5_group* g = &r->group[depth];
  leave(r, depth);
  g->id = H5Gopen2(parent ? parent->id : r->file, leaf, H5P_DEFAULT);
  g->n = 0;
  g->all = true;
  if (g->id < 0) {
    return damaged(r, path);
  }
  if (H5Literate(g->id, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, note_member, g) < 0) {
    H5Gclose(g->id);
    return damaged(r, path);
  }
  memcpy(g->path, path, strlen(path) + 1);
  return IRL_OK;
}

// The group that holds an object: *group NULL for the root, *leaf the object's own name. *present
// false where there is no such group.
static irl_err enter(irl_h5r* r, const char* name, const irl_h5_group** group, const char** leaf,
                     bool* present) {
  char path[sizeof r->group[0].path];
  *group = NULL;
  *leaf = name;
  *present = true;
  for (int depth = 0; *present && strchr(*leaf, '/'); depth++) {
    const size_t size = (size_t)(*leaf - name) + strcspn(*leaf, "/");
    if (depth == IRL_H5_DEPTH || size >= sizeof path) {
      return irl_fail(r->info, IRL_ERANGE, "%s: the name %.40s... is too long; shorten it", r->path,
                      name);
    }
    memcpy(path, name, size);
    path[size] = 0;
    if (strcmp(r->group[depth].path, path) != 0) {
      const char* own = path + (*leaf - name);
      IRL_TRY(find_link(r, *group, own, path, present));
      if (*present) {
        IRL_TRY(open_group(r, *group, own, path, depth));
      }
    }
    *group = &r->group[depth];
    *leaf = name + size + 1;
  }
  return IRL_OK;
}

irl_err irl_h5r_find(irl_h5r* r, const char* name, bool* present) {
  const irl_h5_group* group;
  const char* leaf;
  IRL_TRY(enter(r, name, &group, &leaf, present));
  return *present ? find_link(r, group, leaf, name, present) : IRL_OK;
}

// Links named <prefix><digits>, counted without opening them.
typedef struct counter {
  const char* prefix;
  int count;
} counter;

static herr_t count_link(hid_t group, const char* name, const H5L_info_t* link, void* user) {
  (void)group, (void)link;
  counter* c = user;
  size_t size = strlen(c->prefix);
  const char* digits = name + size;
  bool ours =
      strncmp(name, c->prefix, size) == 0 && *digits && !digits[strspn(digits, "0123456789")];
  c->count += ours && c->count < INT_MAX;
  return 0;
}

irl_err irl_h5r_count(irl_h5r* r, const char* prefix, int* count) {
  counter c = {prefix, 0};
  if (H5Literate(r->file, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, count_link, &c) < 0) {
    return damaged(r, "the list of episodes");
  }
  *count = c.count;
  return IRL_OK;
}

//---------------------------------- Arrays --------------------------------------------------------

// The sentence for an object that is well-formed but not one of ours.
static irl_err unfit(irl_h5r* r, const char* name, const char* why) {
  return irl_fail(r->info, IRL_EUNSUPPORTED, "%s: %s %s; see docs/demos.md for the layout", r->path,
                  name, why);
}

// Keeps an array open in the place of the oldest one.
static void keep_set(irl_h5r* r, const char* name, hid_t set) {
  irl_h5_set* slot = &r->set[r->next_set];
  if (slot->name[0]) {
    H5Dclose(slot->id);
  }
  slot->id = set;
  snprintf(slot->name, sizeof slot->name, "%s", name);
  r->next_set = (r->next_set + 1) % IRL_H5_SETS;
}

// Opens an object that must be a dataset inside this file; *set negative when absent. The file
// keeps it open: nobody closes it.
static irl_err open_dataset(irl_h5r* r, const char* name, hid_t* set) {
  bool present;
  const irl_h5_group* group;
  const char* leaf;
  *set = -1;
  for (int i = 0; i < IRL_H5_SETS; i++) {
    if (!strcmp(r->set[i].name, name)) {
      *set = r->set[i].id;
      return IRL_OK;
    }
  }
  if (strlen(name) >= sizeof r->set[0].name) {
    return irl_fail(r->info, IRL_ERANGE, "%s: the name %.40s... is too long; shorten it", r->path,
                    name);
  }
  IRL_TRY(enter(r, name, &group, &leaf, &present));
  if (present) {
    IRL_TRY(find_link(r, group, leaf, name, &present));
  }
  if (!present) {
    return IRL_OK;
  }
  hid_t object = H5Oopen(group ? group->id : r->file, leaf, H5P_DEFAULT);
  if (object < 0) {
    return damaged(r, name);
  }
  if (H5Iget_type(object) != H5I_DATASET) {
    H5Oclose(object);
    return unfit(r, name, "is a group, not an array (a Dict or Tuple space is not supported)");
  }
  keep_set(r, name, object);
  *set = object;
  return IRL_OK;
}

// NULL, or why the values of a dataset are not to be trusted: they may lie outside the file or need
// code that is not HDF5's own.
static const char* refuse_list(hid_t list) {
  H5D_layout_t layout = H5Pget_layout(list);
  if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT) {
    return "is a virtual array, made of other files";
  }
  if (H5Pget_external_count(list) != 0) {
    return "keeps its values in another file";
  }
  for (int i = 0; i < H5Pget_nfilters(list); i++) {
    unsigned flags, config;
    size_t nvalues = 0;
    H5Z_filter_t filter =
        H5Pget_filter2(list, (unsigned)i, &flags, &nvalues, NULL, 0, NULL, &config);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE &&
        filter != H5Z_FILTER_FLETCHER32) {
      return "uses a filter other than deflate, shuffle and fletcher32";
    }
  }
  return NULL;
}

// The same for a dataset. One with an address lies in the file in one piece, without filters: most
// do, and need no property list, which is slow to copy.
static const char* refuse_storage(hid_t set) {
  if (H5Dget_offset(set) != HADDR_UNDEF) {
    return NULL;
  }
  H5Eclear2(H5E_DEFAULT);
  hid_t list = H5Dget_create_plist(set);
  const char* why = list < 0 ? "cannot be examined" : refuse_list(list);
  H5Pclose(list);
  return why;
}

// h5py's bool: an enum on one byte.
static bool is_flag(hid_t type) {
  return H5Tget_class(type) == H5T_ENUM && H5Tget_size(type) == 1;
}

// NULL, or why the element type is not a plain number.
static const char* refuse_type(hid_t type) {
  H5T_class_t class = H5Tget_class(type);
  bool number = (class == H5T_FLOAT || class == H5T_INTEGER) && H5Tget_size(type) <= 8;
  return number || is_flag(type) ? NULL : "does not hold numbers of at most 64 bits";
}

// NULL, or why the shape is not (rows) or (rows, cols).
static const char* measure(hid_t space, irl_h5_shape* shape) {
  hsize_t dims[2] = {0, 1};
  shape->rank = H5Sget_simple_extent_ndims(space);
  if (H5Sget_simple_extent_type(space) != H5S_SIMPLE || shape->rank < 1 || shape->rank > 2) {
    return "does not have one or two dimensions";
  }
  if (H5Sget_simple_extent_dims(space, dims, NULL) < 0 || dims[0] >= INT_MAX || dims[1] > 1000000) {
    return "is larger than 2147483646 rows or 1000000 columns";
  }
  shape->rows = (int)dims[0];
  shape->cols = (int)dims[1];
  return NULL;
}

// NULL, or that a declared array has no bytes at all: HDF5 would hand out zeros.
static const char* refuse_empty(hid_t set, const irl_h5_shape* shape) {
  bool empty = shape->rows > 0 && shape->cols > 0 && H5Dget_storage_size(set) == 0;
  return empty ? "is declared but was never written" : NULL;
}

// NULL, or why an array is not to be read; its shape on the way.
static const char* judge(hid_t set, hid_t type, irl_h5_shape* shape) {
  hid_t space = H5Dget_space(set);
  const char* why = space < 0 ? "cannot be examined" : refuse_storage(set);
  why = why ? why : refuse_type(type);
  why = why ? why : measure(space, shape);
  why = why ? why : refuse_empty(set, shape);
  H5Sclose(space);
  return why;
}

irl_err irl_h5r_shape(irl_h5r* r, const char* name, irl_h5_shape* shape) {
  *shape = (irl_h5_shape){0};
  hid_t set;
  IRL_TRY(open_dataset(r, name, &set));
  if (set < 0) {
    return IRL_OK;
  }
  hid_t type = H5Dget_type(set);
  const char* why = type < 0 ? "cannot be examined" : judge(set, type, shape);
  H5Tclose(type);
  shape->present = true;
  return why ? unfit(r, name, why) : IRL_OK;
}

// Reads one-byte flags into the front of out and spreads them from the back.
static herr_t read_flags(hid_t set, hid_t type, double* out, size_t count) {
  int8_t* bytes = (int8_t*)out;
  herr_t result = H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes);
  for (size_t i = count; result >= 0 && i-- > 0;) {
    int8_t flag;
    memcpy(&flag, bytes + i, 1);
    out[i] = flag != 0;
  }
  return result;
}

irl_err irl_h5r_numbers(irl_h5r* r, const char* name, double* out, int rows, int cols) {
  hid_t set;
  irl_h5_shape shape = {0};
  IRL_TRY(open_dataset(r, name, &set));
  hid_t type = set < 0 ? -1 : H5Dget_type(set);
  bool fits = type >= 0 && !judge(set, type, &shape) && shape.rows == rows && shape.cols == cols;
  herr_t result = -1;
  if (fits && is_flag(type)) {
    result = read_flags(set, type, out, (size_t)rows * (size_t)cols);
  } else if (fits) {
    result = H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
  }
  irl_err err = result < 0 ? damaged(r, name) : IRL_OK;
  H5Tclose(type);
  return err;
}

//---------------------------------- Text ----------------------------------------------------------

static char* copy_text(const char* text, size_t size) {
  char* copy = irl_calloc(size + 1, 1);
  if (copy) {
    memcpy(copy, text, size);
  }
  return copy;
}

// Size of a scalar text of fixed length that may be read; 0 otherwise.
static size_t fixed_size(hid_t set, hid_t type) {
  hid_t space = H5Dget_space(set);
  bool plain = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
               H5Sget_simple_extent_npoints(space) == 1 && !refuse_storage(set);
  size_t size = plain ? H5Tget_size(type) : 0;
  H5Sclose(space);
  return size <= IRL_TASK_TEXT_MAX ? size : 0;
}

irl_err irl_h5r_text(irl_h5r* r, const char* name, char** text) {
  hid_t set;
  IRL_TRY(open_dataset(r, name, &set));
  if (set < 0) {
    *text = copy_text("", 0);
    return *text ? IRL_OK : IRL_ENOMEM;
  }
  hid_t type = H5Dget_type(set);
  size_t size = type < 0 ? 0 : fixed_size(set, type);
  *text = size ? irl_calloc(size + 1, 1) : NULL;
  irl_err err = IRL_OK;
  if (size == 0) {
    err = unfit(r, name, "is not one text of fixed length below 64 MiB");
  } else if (!*text) {
    err = IRL_ENOMEM;
  } else if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *text) < 0) {
    err = damaged(r, name);
    irl_free(*text);
    *text = NULL;
  }
  H5Tclose(type);
  return err;
}

//---------------------------------- Attributes ----------------------------------------------------

// The group whose attributes are asked for; negative where there is none.
static irl_err attribute_place(irl_h5r* r, const char* name, hid_t* place) {
  char below[MAX_NAME];
  const irl_h5_group* group;
  const char* leaf;
  bool present = true;
  *place = r->file;
  if (strcmp(name, "/") != 0) {
    snprintf(below, sizeof below, "%.*s/", MAX_NAME - 2, name);
    IRL_TRY(enter(r, below, &group, &leaf, &present));
    *place = present ? group->id : -1;
  }
  return IRL_OK;
}

// Opens an attribute of at most `most` entries, and its type; *id negative when absent.
static irl_err open_list(irl_h5r* r, const char* name, const char* attribute, int most, hid_t* id,
                         hid_t* type, int* count) {
  hid_t place;
  *id = *type = -1;
  IRL_TRY(attribute_place(r, name, &place));
  htri_t there = place < 0 ? 0 : H5Aexists(place, attribute);
  if (there == 0) {
    return IRL_OK;
  }
  *id = there < 0 ? -1 : H5Aopen(place, attribute, H5P_DEFAULT);
  *type = *id < 0 ? -1 : H5Aget_type(*id);
  hid_t space = *id < 0 ? -1 : H5Aget_space(*id);
  hssize_t entries = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
  H5Sclose(space);
  if (*type >= 0 && entries >= 1 && entries <= most) {
    *count = (int)entries;
    return IRL_OK;
  }
  H5Tclose(*type);
  H5Aclose(*id);
  return damaged(r, attribute);
}

static irl_err open_attribute(irl_h5r* r, const char* name, const char* attribute, hid_t* id,
                              hid_t* type) {
  int one;
  return open_list(r, name, attribute, 1, id, type, &one);
}

// The sentence for an attribute of another type.
static irl_err wrong_attribute(irl_h5r* r, const char* name, const char* attribute,
                               const char* wanted) {
  return irl_fail(r->info, IRL_EPARSE, "%s: attribute %s of %s is not %s; correct or remove it",
                  r->path, attribute, name, wanted);
}

// Whole numbers and flags, into memory of the given 64-bit type.
static irl_err read_integer(irl_h5r* r, const char* name, const char* attribute, hid_t memory_type,
                            void* value, bool* present) {
  hid_t id, type;
  IRL_TRY(open_attribute(r, name, attribute, &id, &type));
  *present = id >= 0;
  if (!*present) {
    return IRL_OK;
  }
  irl_err err = IRL_OK;
  int8_t byte = 0;
  if (is_flag(type)) {
    err = H5Aread(id, type, &byte) < 0 ? damaged(r, attribute) : IRL_OK;
    int64_t wide = byte != 0;
    memcpy(value, &wide, sizeof wide);
  } else if (H5Tget_class(type) != H5T_INTEGER || H5Tget_size(type) > 8) {
    err = wrong_attribute(r, name, attribute, "a whole number");
  } else if (H5Aread(id, memory_type, value) < 0) {
    err = damaged(r, attribute);
  }
  H5Tclose(type);
  H5Aclose(id);
  return err;
}

irl_err irl_h5r_attr_int(irl_h5r* r, const char* name, const char* attribute, int64_t* value,
                         bool* present) {
  return read_integer(r, name, attribute, H5T_NATIVE_INT64, value, present);
}

irl_err irl_h5r_attr_uint(irl_h5r* r, const char* name, const char* attribute, uint64_t* value,
                          bool* present) {
  return read_integer(r, name, attribute, H5T_NATIVE_UINT64, value, present);
}

irl_err irl_h5r_attr_count(irl_h5r* r, const char* name, const char* attribute, int most,
                           int* count) {
  hid_t id, type;
  *count = 0;
  IRL_TRY(open_list(r, name, attribute, most, &id, &type, count));
  H5Tclose(type);
  H5Aclose(id);
  return IRL_OK;
}

irl_err irl_h5r_attr_numbers(irl_h5r* r, const char* name, const char* attribute, int count,
                             double* out) {
  hid_t id, type;
  int found = 0;
  IRL_TRY(open_list(r, name, attribute, count, &id, &type, &found));
  irl_err err = IRL_OK;
  const bool number = H5Tget_class(type) == H5T_FLOAT || H5Tget_class(type) == H5T_INTEGER;
  if (id < 0 || found != count || !number || H5Tget_size(type) > 8) {
    err = wrong_attribute(r, name, attribute, "a list of numbers");
  } else if (H5Aread(id, H5T_NATIVE_DOUBLE, out) < 0) {
    err = damaged(r, attribute);
  }
  H5Tclose(type);
  H5Aclose(id);
  return err;
}

// Text as h5py writes it, in memory that HDF5 allocates.
static irl_err read_variable(irl_h5r* r, hid_t id, hid_t type, const char* attribute, char** text) {
  char* found = NULL;
  if (H5Aread(id, type, &found) < 0) {
    return damaged(r, attribute);
  }
  *text = copy_text(found ? found : "", found ? strlen(found) : 0);
  H5free_memory(found);
  return *text ? IRL_OK : IRL_ENOMEM;
}

// Text of fixed length, as other programs write it.
static irl_err read_fixed(irl_h5r* r, hid_t id, hid_t type, const char* attribute, char** text) {
  *text = irl_calloc(H5Tget_size(type) + 1, 1);
  if (*text && H5Aread(id, type, *text) < 0) {
    irl_free(*text);
    *text = NULL;
    return damaged(r, attribute);
  }
  return *text ? IRL_OK : IRL_ENOMEM;
}

irl_err irl_h5r_attr_text(irl_h5r* r, const char* name, const char* attribute, char** text) {
  hid_t id, type;
  *text = NULL;
  IRL_TRY(open_attribute(r, name, attribute, &id, &type));
  if (id < 0) {
    *text = copy_text("", 0);
    return *text ? IRL_OK : IRL_ENOMEM;
  }
  irl_err err;
  if (H5Tget_class(type) != H5T_STRING) {
    err = wrong_attribute(r, name, attribute, "a text");
  } else if (H5Tis_variable_str(type) > 0) {
    err = read_variable(r, id, type, attribute, text);
  } else {
    err = read_fixed(r, id, type, attribute, text);
  }
  H5Tclose(type);
  H5Aclose(id);
  return err;
}
