// What a run has learned as one file for other programs (docs/export.md): safetensors, or an ONNX
// model that takes raw observations and actions.
#ifndef MJIRL_IRL_EXPORT_H_
#define MJIRL_IRL_EXPORT_H_

#include <stdint.h>

#include "base/err.h"
#include "irl/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum irl_export_format { IRL_EXPORT_SAFETENSORS, IRL_EXPORT_ONNX } irl_export_format;

// An ONNX model is one graph: the cost, or the policies of all conditions.
typedef enum irl_export_part {
  IRL_EXPORT_COST,
  IRL_EXPORT_POLICY,
  IRL_EXPORT_ALL  // safetensors only
} irl_export_part;

// Names as on the command line; NULL-ended.
extern const char* const irl_export_formats[];
extern const char* const irl_export_parts[];

typedef struct irl_export_report {
  int tensors;    // arrays in the file
  int64_t bytes;  // its size
} irl_export_report;

// Writes the file whole or not at all; nothing is overwritten, and equal runs give equal bytes.
// Errors: IRL_EEXIST; IRL_EUNSUPPORTED (the cost of a run that learned none, all in ONNX);
// IRL_ENUM (ONNX: a number beyond 32-bit floats); IRL_ERANGE (ONNX: above 2 GiB); IRL_EIO,
// IRL_ENOSPC, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_export(const irl_run* run, const char* path, irl_export_format format,
                                 irl_export_part part, irl_export_report* report,
                                 irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_EXPORT_H_
