// Lists of names in an HDF5 file: members of a group, and robomimic's masks.
#include <hdf5.h>
#include <string.h>

#include "base/arena.h"
#include "demos/store_internal.h"

enum { MAX_MEMBERS = 1 << 20, MAX_NAME = 240 };

typedef struct collector {
  char** names;  // NULL-ended
  int count, capacity;
  bool no_memory;
} collector;

void irl_h5_names_free(char** names) {
  for (int i = 0; names && names[i]; i++) {
    irl_free(names[i]);
  }
  irl_free(names);
}

// Takes `size` bytes as a name; room for the NULL behind the last one is always kept.
static bool add_name(collector* c, const char* text, size_t size) {
  if (c->count + 1 >= c->capacity) {
    int capacity = c->capacity ? 2 * c->capacity : 16;
    char** grown = IRL_NEW(char*, capacity);
    if (grown && c->count) {
      memcpy(grown, c->names, (size_t)c->count * sizeof *grown);
    }
    irl_free(grown ? c->names : NULL);
    c->names = grown ? grown : c->names;
    c->capacity = grown ? capacity : c->capacity;
    c->no_memory |= !grown;
  }
  char* copy = c->no_memory ? NULL : irl_calloc(size + 1, 1);
  c->no_memory |= !copy;
  if (copy) {
    memcpy(copy, text, size);
    c->names[c->count++] = copy;
  }
  return !c->no_memory;
}

// Names too long for any of ours, and links that lead away, are passed over.
static herr_t take_member(hid_t group, const char* name, const H5L_info_t* link, void* user) {
  (void)group;
  collector* c = user;
  if (link->type != H5L_TYPE_HARD || strlen(name) > MAX_NAME) {
    return 0;
  }
  return c->count < MAX_MEMBERS && add_name(c, name, strlen(name)) ? 0 : -1;
}

// Hands the list over, or takes it back.
static irl_err hand_over(irl_h5r* r, const char* name, collector* c, bool good, char*** names,
                         int* count) {
  if (good && (c->names || add_name(c, "", 0))) {
    if (c->count == 1 && !c->names[0][0]) {  // the empty list: its placeholder goes
      irl_free(c->names[0]);
      c->names[0] = NULL;
      c->count = 0;
    }
    *names = c->names;
    *count = c->count;
    return IRL_OK;
  }
  H5Eclear2(H5E_DEFAULT);
  irl_h5_names_free(c->names);
  if (c->no_memory) {
    return irl_fail(r->info, IRL_ENOMEM, "%s: no memory for the names in %s; free some", r->path,
                    name);
  }
  return irl_fail(r->info, IRL_EPARSE,
                  "%s: the names in %s cannot be read, or are more than %d; the file is damaged or "
                  "not one of ours",
                  r->path, name, MAX_MEMBERS);
}

irl_err irl_h5r_members(irl_h5r* r, const char* group, char*** names, int* count) {
  bool present = true;
  *names = NULL;
  *count = 0;
  if (*group) {
    IRL_TRY(irl_h5r_find(r, group, &present));
  }
  collector c = {0};
  bool good = true;
  if (present) {
    hid_t id = H5Oopen(r->file, *group ? group : "/", H5P_DEFAULT);
    good = id >= 0 && (H5Iget_type(id) != H5I_GROUP ||
                       H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, NULL, take_member, &c) >= 0);
    H5Oclose(id);
  }
  return hand_over(r, group, &c, good, names, count);
}

// Whether a dataset is a plain list of short texts, and its sizes.
static bool is_list(hid_t set, hid_t type, hsize_t* count, size_t* width) {
  hid_t space = H5Dget_space(set), list = H5Dget_create_plist(set);
  *width = H5Tget_size(type);
  bool good = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 && *width > 0 &&
              *width <= MAX_NAME && H5Sget_simple_extent_ndims(space) == 1 &&
              H5Sget_simple_extent_dims(space, count, NULL) == 1 && *count <= MAX_MEMBERS &&
              H5Pget_layout(list) != H5D_VIRTUAL && H5Pget_external_count(list) == 0;
  H5Pclose(list);
  H5Sclose(space);
  return good;
}

static bool read_names(hid_t set, collector* c) {
  hid_t type = H5Dget_type(set);
  hsize_t count = 0;
  size_t width = 0;
  bool good = type >= 0 && is_list(set, type, &count, &width);
  char* texts = good ? irl_calloc((size_t)count + 1, width) : NULL;
  good = texts && (count == 0 || H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts) >= 0);
  for (size_t i = 0; good && i < count; i++) {
    good = add_name(c, texts + i * width, strnlen(texts + i * width, width));
  }
  irl_free(texts);
  H5Tclose(type);
  return good;
}

irl_err irl_h5r_names(irl_h5r* r, const char* name, char*** names, int* count) {
  bool present, good = true;
  collector c = {0};
  *names = NULL;
  *count = 0;
  IRL_TRY(irl_h5r_find(r, name, &present));
  if (present) {
    hid_t set = H5Oopen(r->file, name, H5P_DEFAULT);
    good = set >= 0 && H5Iget_type(set) == H5I_DATASET && read_names(set, &c);
    H5Oclose(set);
  }
  return hand_over(r, name, &c, good, names, count);
}
