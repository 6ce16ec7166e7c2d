// The messages of onnx.proto; a field's number stands beside its name.
#include <math.h>
#include <stddef.h>

#include "irl/onnx_internal.h"

void irl_onnx_fini(irl_onnx* onnx) {
  irl_wire_fini(&onnx->graph);
  irl_wire_fini(&onnx->metadata);
}

// A message that is finished goes into its parent's field and is freed.
static void place(irl_wire* parent, int field, irl_wire* message) {
  irl_wire_message(parent, field, message);
  irl_wire_fini(message);
}

//---------------------------------- Nodes ---------------------------------------------------------

// AttributeProto {name 1, i 3, ints 8, type 20 (INT = 2, INTS = 7)}
static void put_attribute(irl_wire* node, const irl_onnx_attribute* attribute) {
  irl_wire a = {0};
  irl_wire_text(&a, 1, attribute->name);
  irl_wire_int(&a, attribute->list ? 8 : 3, attribute->value);
  irl_wire_int(&a, 20, attribute->list ? 7 : 2);
  place(node, 5, &a);
}

// NodeProto {input 1, output 2, name 3, op_type 4, attribute 5}; named by what it computes.
void irl_onnx_add(irl_onnx* onnx, irl_onnx_node node) {
  irl_wire n = {0};
  for (int i = 0; i < IRL_ONNX_MAX_INPUTS && node.input[i] != NULL; i++) {
    irl_wire_text(&n, 1, node.input[i]);
  }
  irl_wire_text(&n, 2, node.output);
  irl_wire_text(&n, 3, node.output);
  irl_wire_text(&n, 4, node.op);
  for (int i = 0; i < 2 && node.attribute[i].name != NULL; i++) {
    put_attribute(&n, &node.attribute[i]);
  }
  place(&onnx->graph, 1, &n);
}

//---------------------------------- Arrays --------------------------------------------------------

static long count(int rank, const int64_t* shape) {
  long n = 1;
  for (int i = 0; i < rank; i++) {
    n *= (long)shape[i];
  }
  return n;
}

// TensorProto {dims 1, data_type 2, name 8, raw_data 9 (little-endian)}
static void put_array(irl_onnx* onnx, const char* name, irl_onnx_type type, int rank,
                      const int64_t* shape, const irl_wire* data) {
  irl_wire t = {0};
  for (int i = 0; i < rank; i++) {
    irl_wire_int(&t, 1, shape[i]);
  }
  irl_wire_int(&t, 2, type);
  irl_wire_text(&t, 8, name);
  irl_wire_message(&t, 9, data);
  place(&onnx->graph, 5, &t);
  onnx->arrays++;
}

static void put_float(irl_onnx* onnx, irl_wire* data, float value) {
  onnx->infinite = onnx->infinite || !isfinite(value);
  irl_wire_put(data, &value, sizeof value);
}

void irl_onnx_floats(irl_onnx* onnx, const char* name, int rank, const int64_t* shape,
                     const float* data) {
  irl_wire raw = {0};
  for (long i = 0; i < count(rank, shape); i++) {
    put_float(onnx, &raw, data[i]);
  }
  put_array(onnx, name, IRL_ONNX_FLOAT, rank, shape, &raw);
  irl_wire_fini(&raw);
}

void irl_onnx_doubles(irl_onnx* onnx, const char* name, int rank, const int64_t* shape,
                      const double* data) {
  irl_wire raw = {0};
  for (long i = 0; i < count(rank, shape); i++) {
    put_float(onnx, &raw, (float)data[i]);
  }
  put_array(onnx, name, IRL_ONNX_FLOAT, rank, shape, &raw);
  irl_wire_fini(&raw);
}

void irl_onnx_ints(irl_onnx* onnx, const char* name, int rank, const int64_t* shape,
                   const int64_t* data) {
  irl_wire raw = {0};
  irl_wire_put(&raw, data, (size_t)count(rank, shape) * sizeof *data);
  put_array(onnx, name, IRL_ONNX_INT64, rank, shape, &raw);
  irl_wire_fini(&raw);
}

//---------------------------------- Inputs and outputs --------------------------------------------

// TensorShapeProto {dim 1 {dim_value 1, dim_param 2}}
static void put_shape(irl_wire* tensor, int rank, const int64_t* shape) {
  irl_wire s = {0};
  for (int i = 0; i < rank; i++) {
    irl_wire dim = {0};
    if (shape[i] < 0) {
      irl_wire_text(&dim, 2, "N");
    } else {
      irl_wire_int(&dim, 1, shape[i]);
    }
    place(&s, 1, &dim);
  }
  place(tensor, 2, &s);
}

// ValueInfoProto {name 1, type 2 {tensor_type 1 {elem_type 1, shape 2}}, doc_string 3}
static void put_value(irl_onnx* onnx, int field, const char* name, irl_onnx_type type, int rank,
                      const int64_t* shape, const char* doc) {
  irl_wire tensor = {0}, kind = {0}, value = {0};
  irl_wire_int(&tensor, 1, type);
  put_shape(&tensor, rank, shape);
  place(&kind, 1, &tensor);
  irl_wire_text(&value, 1, name);
  place(&value, 2, &kind);
  irl_wire_text(&value, 3, doc);
  place(&onnx->graph, field, &value);
}

void irl_onnx_input(irl_onnx* onnx, const char* name, irl_onnx_type type, int rank,
                    const int64_t* shape, const char* doc) {
  put_value(onnx, 11, name, type, rank, shape, doc);
}

void irl_onnx_output(irl_onnx* onnx, const char* name, irl_onnx_type type, int rank,
                     const int64_t* shape, const char* doc) {
  put_value(onnx, 12, name, type, rank, shape, doc);
}

//---------------------------------- The model -----------------------------------------------------

// StringStringEntryProto {key 1, value 2}
void irl_onnx_metadata(irl_onnx* onnx, const char* key, const char* value) {
  irl_wire pair = {0};
  irl_wire_text(&pair, 1, key);
  irl_wire_text(&pair, 2, value);
  place(&onnx->metadata, 14, &pair);
}

// ModelProto {ir_version 1, producer_name 2, producer_version 3, doc_string 6, graph 7 {.. name 2},
// opset_import 8 {version 2}, metadata_props 14}
irl_err irl_onnx_encode(const irl_onnx* onnx, const char* graph_name, const char* program,
                        const char* version, const char* doc, irl_wire* out) {
  irl_wire graph = {0}, opset = {0};
  if (onnx->infinite) {
    return IRL_ENUM;
  }
  irl_wire_put(&graph, onnx->graph.data, onnx->graph.size);
  irl_wire_text(&graph, 2, graph_name);
  irl_wire_int(out, 1, IRL_ONNX_FILE_VERSION);
  irl_wire_text(out, 2, program);
  irl_wire_text(out, 3, version);
  irl_wire_text(out, 6, doc);
  place(out, 7, &graph);
  irl_wire_int(&opset, 2, IRL_ONNX_OPSET);
  place(out, 8, &opset);
  irl_wire_put(out, onnx->metadata.data, onnx->metadata.size);
  if (onnx->graph.failed || onnx->metadata.failed || out->failed) {
    return IRL_ENOMEM;
  }
  return out->size > INT32_MAX ? IRL_ERANGE : IRL_OK;
}
