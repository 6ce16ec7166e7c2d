// What the exports share: the arrays of all episodes, one behind the other.
#ifndef MJIRL_DEMOS_EXPORT_INTERNAL_H_
#define MJIRL_DEMOS_EXPORT_INTERNAL_H_

#include "demos/demos_internal.h"

// Rows of an array to take of each episode.
typedef enum irl_span {
  IRL_SPAN_STEPS,  // rows 0 to T-1
  IRL_SPAN_NEXT,   // rows 1 to T
  IRL_SPAN_ALL     // rows 0 to T
} irl_span;

// A batch's array (N, stride rows, width), joined (irl_free); *rows gets how many. NULL: no memory.
double* irl_export_join(const irl_batch* batch, const double* data, int stride, int width,
                        irl_span span, int* rows);
int irl_export_steps(const irl_batch* batch);  // of all episodes; INT_MAX: more than that

// Write a new HDF5 file, unsynced; *size is its bytes. A failure leaves no file.
IRL_NODISCARD irl_err irl_export_d4rl(const char* path, size_t* size, const irl_demos* demos,
                                      const irl_task* task, irl_errinfo* info);
IRL_NODISCARD irl_err irl_export_robomimic(const char* path, size_t* size, const irl_demos* demos,
                                           const irl_task* task, irl_errinfo* info);

#endif  // MJIRL_DEMOS_EXPORT_INTERNAL_H_
