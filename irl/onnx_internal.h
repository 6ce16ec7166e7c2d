// ONNX models (github.com/onnx/onnx, onnx.proto) written by hand: a graph of named nodes, arrays,
// inputs and outputs, as one message. Operator set 13 and file version 7 (both of 2020) are old
// enough for every runtime in use and young enough for the operators used here.
#ifndef MJIRL_IRL_ONNX_INTERNAL_H_
#define MJIRL_IRL_ONNX_INTERNAL_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "irl/wire_internal.h"

enum { IRL_ONNX_OPSET = 13, IRL_ONNX_FILE_VERSION = 7, IRL_ONNX_MAX_INPUTS = 3 };

// Element types, by their numbers in TensorProto.DataType.
typedef enum irl_onnx_type { IRL_ONNX_FLOAT = 1, IRL_ONNX_INT64 = 7 } irl_onnx_type;

// A graph under construction; a zeroed one is empty.
typedef struct irl_onnx {
  irl_wire graph;     // fields of GraphProto, nodes in an order in which they can be computed
  irl_wire metadata;  // metadata_props of ModelProto
  int arrays;         // initializers so far
  bool infinite;      // a number did not fit into 32 bits
} irl_onnx;

void irl_onnx_fini(irl_onnx* onnx);

// An integer attribute of a node, or a list of one integer (`axes`).
typedef struct irl_onnx_attribute {
  const char* name;  // NULL: the node has none
  int64_t value;
  bool list;
} irl_onnx_attribute;

// output = op(inputs); inputs end at the first NULL.
typedef struct irl_onnx_node {
  const char* op;
  const char* input[IRL_ONNX_MAX_INPUTS];
  const char* output;
  irl_onnx_attribute attribute[2];
} irl_onnx_node;

void irl_onnx_add(irl_onnx* onnx, irl_onnx_node node);

// An array of the graph, row-major; shape (rank). Doubles become floats.
void irl_onnx_floats(irl_onnx* onnx, const char* name, int rank, const int64_t* shape,
                     const float* data);
void irl_onnx_doubles(irl_onnx* onnx, const char* name, int rank, const int64_t* shape,
                      const double* data);
void irl_onnx_ints(irl_onnx* onnx, const char* name, int rank, const int64_t* shape,
                   const int64_t* data);

// What goes in and out: shape (rank), a size below 0 is the free number of rows, "N".
void irl_onnx_input(irl_onnx* onnx, const char* name, irl_onnx_type type, int rank,
                    const int64_t* shape, const char* doc);
void irl_onnx_output(irl_onnx* onnx, const char* name, irl_onnx_type type, int rank,
                     const int64_t* shape, const char* doc);

// A pair that onnxruntime shows as model metadata.
void irl_onnx_metadata(irl_onnx* onnx, const char* key, const char* value);

// The whole model, appended to out. Errors: IRL_ENOMEM; IRL_ENUM (a number beyond 32 bits);
// IRL_ERANGE (above the 2 GiB that such a message may have).
IRL_NODISCARD irl_err irl_onnx_encode(const irl_onnx* onnx, const char* graph_name,
                                      const char* program, const char* version, const char* doc,
                                      irl_wire* out);

#endif  // MJIRL_IRL_ONNX_INTERNAL_H_
