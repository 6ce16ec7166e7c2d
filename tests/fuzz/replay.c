// Runs the entry point on every file of the folders or files that are named: the corpus as a test.
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "fuzz.h"

static int replay_file(const char* path) {
  char* text = NULL;
  size_t size = 0;
  irl_errinfo info = {0};
  if (irl_file_read(path, 1 << 24, &text, &size, &info) != IRL_OK) {
    fprintf(stderr, "%s\n", info.text);
    return 0;
  }

  // In a block of just its size, where sanitizers see a read beyond the end.
  uint8_t* data = irl_calloc(size, 1);
  if (data != NULL && size > 0) {
    memcpy(data, text, size);
  }
  irl_free(text);
  printf("%s\n", path);
  fflush(stdout);
  LLVMFuzzerTestOneInput(data, size);
  irl_free(data);
  return 1;
}

static int replay(const char* path) {
  DIR* folder = opendir(path);
  if (folder == NULL) {
    return replay_file(path);
  }
  int count = 0;
  for (struct dirent* entry; (entry = readdir(folder)) != NULL;) {
    char file[4096];
    if (entry->d_name[0] != '.' && irl_path_join(file, sizeof file, path, entry->d_name)) {
      count += replay_file(file);
    }
  }
  closedir(folder);
  return count;
}

int main(int argc, char** argv) {
  int count = 0;
  for (int i = 1; i < argc; i++) {
    count += replay(argv[i]);
  }
  printf("%d inputs\n", count);
  return count > 0 ? 0 : 1;
}
