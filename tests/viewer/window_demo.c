// For window_test.sh. `window_demo play` opens a window on a made-up replay; `window_demo check
// FILE WIDTH HEIGHT` succeeds when FILE is a PNG of that size with a picture in it.
#include "drivers.h"
#include "pictures.h"
#include "synthetic.h"

static int play(void) {
  synthetic s;
  irl_errinfo info = {0};
  int frames = 0;
  drivers_pin();
  syn_open(&s, 4);
  irl_replay_group groups[2] = {s.group, s.group};
  groups[1].name = "again";
  s.replay.groups = groups;
  s.replay.ngroups = 2;
  irl_view_options options = {.width = 640, .height = 400};
  irl_err err = irl_viewer_window(&s.replay, &options, &frames, NULL, &info);
  syn_close(&s);
  if (err != IRL_OK) {
    fprintf(stderr, "%s\n", info.text);
    return 1;
  }
  return frames > 3 ? 0 : 3;
}

static int check(const char* path, int width, int height) {
  picture p;
  static unsigned char seen[4096];  // a bit pattern of four bits a channel
  int colours = 0;
  if (!picture_read(&p, path) || p.width != width || p.height != height) {
    fprintf(stderr, "%s: %d x %d\n", path, p.width, p.height);
    return 1;
  }
  for (int i = 0; i < width * height; i++) {
    const unsigned char* c = p.rgb + 3 * i;
    unsigned key = (unsigned)(c[0] >> 4) << 8 | (unsigned)(c[1] >> 4) << 4 | (unsigned)(c[2] >> 4);
    colours += !seen[key];
    seen[key] = 1;
  }
  picture_free(&p);
  if (colours < 40) {
    fprintf(stderr, "%s: only %d colours\n", path, colours);
    return 1;
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "play") == 0) {
    return play();
  }
  return argc == 5 ? check(argv[2], atoi(argv[3]), atoi(argv[4])) : 2;
}
