// Learning curves of runs, as a picture (PNG) or as a drawing for papers (SVG).
#ifndef MJIRL_VIEWER_PLOT_H_
#define MJIRL_VIEWER_PLOT_H_

#include <stdbool.h>

#include "base/err.h"

enum { IRL_PLOT_PANELS = 4, IRL_PLOT_RUNS_MAX = 24 };

// What a run's metrics.jsonl says; NAN where a figure has no meaning.
typedef struct irl_plot_run {
  char name[64];                       // the folder's
  int n;                               // iterations
  double* steps;                       // environment steps (n)
  double* value[IRL_PLOT_PANELS + 1];  // normalised return, sample cost, log Z, ESS, demo cost (n)
} irl_plot_run;

// Reads a run that is finished, stopped or still training. Errors: IRL_ENOENT for no run or one
// without an iteration, IRL_EPARSE.
IRL_NODISCARD irl_err irl_plot_read(irl_plot_run* run, const char* folder, irl_errinfo* info);
void irl_plot_run_fini(irl_plot_run* run);  // a zeroed run is fine

// Writes normalised return, cost, log Z and effective sample size over environment steps, a colour
// a run. path ends in .png or .svg; light: on white. Errors: IRL_EUNSUPPORTED for another ending,
// IRL_EIO, IRL_ENOSPC, IRL_ENOMEM, IRL_ERANGE for sides outside of 200..8192.
IRL_NODISCARD irl_err irl_plot_write(const irl_plot_run* runs, int n, const char* path, int width,
                                     int height, bool light, irl_errinfo* info);

#endif  // MJIRL_VIEWER_PLOT_H_
