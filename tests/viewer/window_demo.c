// For window_test.sh. `window_demo play [plain]` opens a window on a made-up replay and tells what
// it does, line by line, on standard output; `window_demo check FILE WIDTH HEIGHT` succeeds when
// FILE is a PNG of that size with a picture in it; `window_demo same FILE STEP WIDTH HEIGHT` when
// it shows what the renderer without a window makes of that step.
#include "drivers.h"
#include "pictures.h"
#include "synthetic.h"

static void say(void* user, irl_level level, const char* text) {
  (void)user;
  (void)level;
  printf("%s\n", text);
  fflush(stdout);
}

typedef struct demo {
  synthetic s;
  irl_replay_group groups[2];
  double* other[2];
  irl_replay_layer layers[2];
} demo;

// Two groups of four rollouts, coloured by the known cost or by twice that.
static void demo_open(demo* d) {
  static double *first[2], *second[2];
  syn_open(&d->s, 4);
  d->groups[0] = d->groups[1] = d->s.group;
  d->groups[1].name = "again";
  d->other[0] = IRL_NEW(double, 4 * SYN_STEPS);
  for (int i = 0; i < 4 * SYN_STEPS; i++) {
    d->other[0][i] = 2.0 * d->s.cost[i];
  }
  for (int g = 0; g < 2; g++) {
    first[g] = d->s.cost;
    second[g] = d->other[0];
  }
  d->layers[0] = (irl_replay_layer){"known", "cost", "known cost", false, first};
  d->layers[1] = (irl_replay_layer){"double", "cost", "double cost", false, second};
  d->s.replay.groups = d->groups;
  d->s.replay.ngroups = 2;
  d->s.replay.layers = d->layers;
  d->s.replay.nlayers = 2;
}

static void demo_close(demo* d) {
  irl_free(d->other[0]);
  syn_close(&d->s);
}

static int play(bool plain) {
  demo d;
  irl_errinfo info = {0};
  int frames = 0;
  const irl_host host = {.sink = {say, NULL}};
  irl_view_options options = {.width = 640, .height = 400, .plain = plain};
  drivers_pin();
  demo_open(&d);
  irl_err err = irl_viewer_window(&d.s.replay, &options, &frames, &host, &info);
  demo_close(&d);
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

// Rounding and the driver's choice of samples at edges aside, pixel for pixel.
static int compare_pictures(const picture* a, const picture* b) {
  long sum = 0, far = 0;
  int n = 3 * a->width * a->height;
  for (int i = 0; i < n; i++) {
    int d = abs(a->rgb[i] - b->rgb[i]);
    sum += d;
    far += d > 16;
  }
  if ((double)sum / n > 0.5 || (double)far / n > 0.005) {
    fprintf(stderr, "mean difference %.3f, %.3f %% of values differ clearly\n", (double)sum / n,
            100.0 * (double)far / n);
    return 1;
  }
  return 0;
}

static int same(const char* path, int step, int width, int height) {
  demo d;
  picture seen = {0}, made = {0};
  irl_errinfo info = {0};
  int frames = 0;
  char frame[64];
  irl_view_options options = {.width = width, .height = height, .fps = 100};  // a step a frame
  drivers_pin();
  demo_open(&d);
  irl_err err = irl_viewer_offscreen(&d.s.replay, &options, "frames", &frames, NULL, &info);
  demo_close(&d);
  (void)snprintf(frame, sizeof frame, "frames/%06d.png", step);
  if (err != IRL_OK || !picture_read(&seen, path) || !picture_read(&made, frame) ||
      seen.width != made.width || seen.height != made.height) {
    fprintf(stderr, "%s: %s, %d x %d\n", path, info.text, seen.width, seen.height);
    return 1;
  }
  int code = compare_pictures(&seen, &made);
  picture_free(&seen);
  picture_free(&made);
  return code;
}

int main(int argc, char** argv) {
  if (argc >= 2 && strcmp(argv[1], "play") == 0) {
    return play(argc == 3);
  }
  if (argc == 6 && strcmp(argv[1], "same") == 0) {
    return same(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
  }
  return argc == 5 ? check(argv[2], atoi(argv[3]), atoi(argv[4])) : 2;
}
