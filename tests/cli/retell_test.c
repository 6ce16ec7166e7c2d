// Command lines that a shell reads as they were given.
#include "cli/retell.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static void writes(void (*write)(FILE* out, const char* text), const char* text,
                   const char* wanted) {
  char* got = NULL;
  size_t size = 0;
  FILE* out = open_memstream(&got, &size);
  CHECK(out != NULL);
  write(out, text);
  CHECK(fclose(out) == 0);
  CHECK(strcmp(got, wanted) == 0);
  free(got);
}

static void words_are_quoted_where_needed(void) {
  writes(cli_retell_word, "horizon=30", " horizon=30");
  writes(cli_retell_word, "domain.mass=[0.5, 2]", " 'domain.mass=[0.5, 2]'");
  writes(cli_retell_word, "name=it's $HOME", " 'name=it'\\''s $HOME'");
  writes(cli_retell_word, "", " ''");
  writes(cli_retell_word, "x=*", " 'x=*'");
  writes(cli_retell_word, "\xc3\xa9=1", " '\xc3\xa9=1'");
}

static void files_lose_their_folders(void) {
  writes(cli_retell_file, "p.safetensors", " p.safetensors");
  writes(cli_retell_file, "/srv/someone/runs/demos//", " demos");
  writes(cli_retell_file, "a/b c/d e", " 'd e'");
  writes(cli_retell_file, "a/-x", " ./-x");
}

static void tasks_stay_what_they_are(void) {
  writes(cli_retell_task, "reacher", " reacher");
  writes(cli_retell_task, "/srv/someone/my.json", " my.json");
  writes(cli_retell_task, "models/arm.xml", " arm.xml");
  writes(cli_retell_task, "models/arm.mjcf", " arm.mjcf");
  writes(cli_retell_task, "models/reacher", " ./reacher");  // a file, not the bundled task
}

static void settings_lose_the_folders_of_models(void) {
  writes(cli_retell_setting, "horizon=30", " horizon=30");
  writes(cli_retell_setting, "model=/srv/someone/arm.xml", " model=arm.xml");
  writes(cli_retell_setting, "model=\"/srv/someone/arm.xml\"", " model=arm.xml");
  writes(cli_retell_setting, "name=a/b", " name=a/b");
}

TESTS(TEST(words_are_quoted_where_needed), TEST(files_lose_their_folders),
      TEST(tasks_stay_what_they_are), TEST(settings_lose_the_folders_of_models))
