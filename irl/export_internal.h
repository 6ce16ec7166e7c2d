// What the two formats of an export share.
#ifndef MJIRL_IRL_EXPORT_INTERNAL_H_
#define MJIRL_IRL_EXPORT_INTERNAL_H_

#include "irl/export.h"
#include "irl/wire_internal.h"

enum { IRL_EXPORT_MAX_PAIRS = 20 };

// The policies of all conditions as three arrays in the units of x and u, S the longest policy's
// steps: a shorter one, such as a stationary one, goes on with its last controller.
typedef struct irl_export_policies {
  int steps;      // S
  double* K;      // (nconditions, S, nu, nx)
  double* k;      // (nconditions, S, nu)
  double* sigma;  // (nconditions, S, nu, nu)
} irl_export_policies;

IRL_NODISCARD irl_err irl_export_policies_init(irl_export_policies* p, const irl_run* run);
void irl_export_policies_fini(irl_export_policies* p);

// The model of one part, appended to out; pairs (npairs key, value) go into its metadata. *arrays
// gets the number of arrays. Errors: those of irl_onnx_encode.
IRL_NODISCARD irl_err irl_export_onnx(const irl_run* run, irl_export_part part,
                                      const char* const* pairs, int npairs, irl_wire* out,
                                      int* arrays);

#endif  // MJIRL_IRL_EXPORT_INTERNAL_H_
