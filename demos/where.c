// Conditions on episodes: "return>=-5".
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "demos/edit.h"

enum { RETURN, LENGTH, SUCCESS, LABEL, CONDITION, EPISODE, NKEYS };
static const char* const KEYS[NKEYS] = {"return", "length",    "success",
                                        "label",  "condition", "episode"};
// Longer ones first, as ">" begins ">=".
enum { AT_LEAST, AT_MOST, UNLIKE, EQUAL, ALIKE, ABOVE, BELOW, NOPS };
static const char* const OPS[NOPS] = {">=", "<=", "!=", "==", "=", ">", "<"};

typedef struct clause {
  int key, op;
  const char* value;
} clause;

static irl_err parse(clause* c, const char* where, irl_errinfo* info) {
  size_t size = strcspn(where, "<>=!");
  c->key = c->op = 0;
  while (c->key < NKEYS && (strlen(KEYS[c->key]) != size || strncmp(where, KEYS[c->key], size))) {
    c->key++;
  }
  while (c->op < NOPS && strncmp(where + size, OPS[c->op], strlen(OPS[c->op])) != 0) {
    c->op++;
  }
  if (c->key == NKEYS || c->op == NOPS) {
    return irl_fail(info, IRL_EPARSE,
                    "'%.80s': is no condition; write return, length, success, label, condition or "
                    "episode, then >=, <=, !=, =, > or <, then a value, like 'return>=-5'",
                    where);
  }
  c->value = where + size + strlen(OPS[c->op]);
  bool order = c->op == AT_LEAST || c->op == AT_MOST || c->op == ABOVE || c->op == BELOW;
  if (order && (c->key == LABEL || c->key == SUCCESS)) {
    return irl_fail(info, IRL_EPARSE, "'%.80s': %ss have no order; use = or !=", where,
                    KEYS[c->key]);
  }
  return IRL_OK;
}

// The number that an episode has for a key.
static irl_err number_of(double* value, int key, const irl_demos* demos, int i, irl_errinfo* info) {
  const irl_batch* b = &demos->batch;
  const double values[NKEYS] = {[LENGTH] = b->length[i],
                                [SUCCESS] = b->success[i],
                                [CONDITION] = b->condition[i],
                                [EPISODE] = i};
  bool known = key == RETURN      ? b->has_reward
               : key == SUCCESS   ? (demos->facts[i] & IRL_DEMO_SUCCESS) != 0
               : key == CONDITION ? (demos->facts[i] & IRL_DEMO_CONDITION) != 0
                                  : true;
  *value = key == RETURN ? irl_batch_return(b, i) : values[key];
  return known ? IRL_OK
               : irl_fail(info, IRL_EUNSUPPORTED,
                          "%s: the dataset does not know that of episode %d; choose by another key",
                          KEYS[key], i);
}

// The number to compare with; success may be written as true and false.
static irl_err wanted_number(double* value, const clause* c, const char* where, irl_errinfo* info) {
  char* end;
  *value = strtod(c->value, &end);
  if (c->key == SUCCESS && (!strcmp(c->value, "true") || !strcmp(c->value, "false"))) {
    *value = c->value[0] == 't';
    return IRL_OK;
  }
  if (end == c->value || *end || isnan(*value)) {
    return irl_fail(info, IRL_EPARSE, "'%.80s': '%.40s' is not a number; write one like -5 or 1e3",
                    where, c->value);
  }
  return IRL_OK;
}

irl_err irl_demos_where(bool* holds, const char* where, const irl_demos* demos, int i,
                        irl_errinfo* info) {
  clause c = {0};
  double is, wanted;
  *holds = false;
  IRL_TRY(parse(&c, where, info));
  if (c.key == LABEL) {
    *holds = (strcmp(demos->label[i], c.value) == 0) == (c.op != UNLIKE);
    return IRL_OK;
  }
  IRL_TRY(wanted_number(&wanted, &c, where, info));
  IRL_TRY(number_of(&is, c.key, demos, i, info));
  const bool results[NOPS] = {
      [AT_LEAST] = is >= wanted, [AT_MOST] = is <= wanted, [UNLIKE] = is != wanted,
      [EQUAL] = is == wanted,    [ALIKE] = is == wanted,   [ABOVE] = is > wanted,
      [BELOW] = is < wanted};
  *holds = results[c.op];
  return IRL_OK;
}
