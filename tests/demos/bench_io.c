// bench_io DIR GIGABYTES: a run of its own, as it takes memory, disk and minutes: a dataset of that
// size is written, read by episodes from the disk, and removed again. Prints one line of figures.
#include "demos/bench_io.h"

#include <sys/resource.h>

#include "sample.h"

int main(int argc, char** argv) {
  irl_bench_io b;
  irl_errinfo info = {0};
  struct rusage usage;
  if (argc != 3) {
    fprintf(stderr, "usage: bench_io DIR GIGABYTES\n");
    return 2;
  }
  irl_task* task = sample_task("reacher");
  irl_err err = irl_bench_io_run(&b, task, argv[1], (int64_t)(1e9 * atof(argv[2])), &info);
  irl_task_destroy(task);
  getrusage(RUSAGE_SELF, &usage);
  if (err) {
    fprintf(stderr, "%s\n", info.text);
    return 1;
  }
  printf(
      "%.2f GB: written at %.0f MB/s, one write and fsync %.0f MB/s, ratio %.2f; opened in %.1f "
      "ms, "
      "an episode read in %.2f ms (median), %.2f ms (largest), from the disk; peak memory %.2f "
      "GB\n",
      1e-9 * b.bytes, 1e-6 * b.write_rate, 1e-6 * b.disk_rate, b.write_rate / b.disk_rate,
      1e3 * b.open_seconds, 1e3 * b.read_seconds, 1e3 * b.read_seconds_max,
      1e-6 * (double)usage.ru_maxrss);
  return 0;
}
