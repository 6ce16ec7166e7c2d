// The "expert" object of a task JSON: how demonstrations of the task are searched for.
#include <float.h>
#include <math.h>

#include "base/arena.h"
#include "envs/task_internal.h"

const char* const irl_expert_methods[] = {"trajectory", "natural_gradient", "random_search", NULL};

irl_expert_plan irl_expert_plan_defaults(irl_expert_method method) {
  return (irl_expert_plan){
      .method = method,
      .iterations = method == IRL_EXPERT_TRAJECTORY ? 16
                    : method == IRL_EXPERT_NATURAL  ? 200
                                                    : 500,
      .restarts = method == IRL_EXPERT_TRAJECTORY ? 8 : 1,
      .rounds = 4,
      .audition = method == IRL_EXPERT_NATURAL ? 20 : 50,
      .samples = method == IRL_EXPERT_TRAJECTORY ? 20 : 10,
      .entropy = 1,
      .kl = 0.05,
      .discount = 0.995,
      .trace = 0.97,
      .stddev = 0.5,
      .last = 1,
      .spread = 1,
      .floor = 0.02,
      .directions = 8,
      .best = 4,
      .step = 0.02,
      .noise = 0.03,
      .offset = true,
      .average = 1,
      .grow = 1,
      .alive = method != IRL_EXPERT_RANDOM,
      .best_return = NAN,
      .stop_return = NAN,
  };
}

static void parse_natural(irl_expert_plan* p, irl_jnode node) {
  p->samples = irl_json_int_or(node, "samples", 1, 100000, p->samples);
  p->kl = irl_json_number_or(node, "kl", 1e-12, 1e3, p->kl);
  p->floor = irl_json_number_or(node, "floor", 1e-9, 1, p->floor);
  p->discount = irl_json_number_or(node, "discount", 0, 1, p->discount);
  p->products = irl_json_bool_or(node, "products", p->products);
  p->trace = irl_json_number_or(node, "trace", 0, 1, p->trace);
}

static void parse_random(irl_expert_plan* p, irl_jnode node) {
  p->directions = irl_json_int_or(node, "directions", 1, 100000, p->directions);
  p->best = irl_json_int_or(node, "best", 1, p->directions,
                            p->best < p->directions ? p->best : p->directions);
  p->step = irl_json_number_or(node, "step", 1e-9, 1e3, p->step);
  p->noise = irl_json_number_or(node, "noise", 1e-9, 1e3, p->noise);
  p->offset = irl_json_bool_or(node, "offset", p->offset);
  p->observed = irl_json_int_or(node, "observed", 1, 100000, p->observed);
  p->average = irl_json_int_or(node, "average", 1, 100000, p->average);
}

// What a search has that begins anywhere.
static void parse_stationary(irl_expert_plan* p, irl_jnode node) {
  p->iterations = irl_json_int_or(node, "iterations", 0, 10000000, p->iterations);
  if (p->method == IRL_EXPERT_NATURAL) {
    parse_natural(p, node);
  } else {
    parse_random(p, node);
  }
  p->last = irl_json_number_or(node, "last", 1e-6, 1, p->last);
  p->judge = irl_json_int_or(node, "judge", 1, 100000, p->judge);
  p->stddev = irl_json_number_or(node, "stddev", 1e-6, 1e3, p->stddev);
  p->alive = irl_json_bool_or(node, "alive", p->alive);
  p->steps = irl_json_int_or(node, "steps", 1, 100000, p->steps);
  p->grow = irl_json_number_or(node, "grow", 1, 10, p->grow);
  p->spread = irl_json_number_or(node, "spread", 1e-3, 10, p->spread);
  p->stop_return = irl_json_number_or(node, "stop_return", -DBL_MAX, DBL_MAX, p->stop_return);
}

// The searches that follow, each with the settings of the one before where it says nothing else.
static void parse_then(irl_expert_plan* p, irl_jnode node) {
  for (node = irl_json_get_opt(node, "then"); node.item != NULL;
       node = irl_json_get_opt(node, "then")) {
    p->then = IRL_NEW(irl_expert_plan, 1);
    if (p->then == NULL) {
      irl_json_refuse(node, IRL_ENOMEM, "out of memory; free some");
      return;
    }
    *p->then = *p;
    p = p->then;
    p->then = NULL;
    p->restarts = 1;
    p->best_return = NAN;
    parse_stationary(p, node);
  }
}

void irl_expert_plan_fini(irl_expert_plan* p) {
  while (p->then != NULL) {
    irl_expert_plan* next = p->then->then;
    irl_free(p->then);
    p->then = next;
  }
}

void irl_expert_plan_read(irl_expert_plan* p, irl_jnode node) {
  *p = irl_expert_plan_defaults(IRL_EXPERT_TRAJECTORY);
  if (node.item == NULL) {
    return;
  }
  *p = irl_expert_plan_defaults((irl_expert_method)irl_json_choice_or(
      node, "method", irl_expert_methods, IRL_EXPERT_TRAJECTORY));
  p->best_return = irl_json_number_or(node, "best_return", -DBL_MAX, DBL_MAX, NAN);
  p->restarts = irl_json_int_or(node, "restarts", 1, 100000, p->restarts);
  if (p->method == IRL_EXPERT_TRAJECTORY) {
    p->iterations = irl_json_int_or(node, "iterations", 0, 10000000, p->iterations);
    p->rounds = irl_json_int_or(node, "rounds", 0, 1000, p->rounds);
    p->samples = irl_json_int_or(node, "samples", 2, 100000, p->samples);
    p->entropy = irl_json_number_or(node, "entropy", 1e-6, 1, p->entropy);
    return;
  }
  parse_stationary(p, node);
  p->audition = irl_json_int_or(node, "audition", 1, 10000000, (p->iterations + 9) / 10);
  p->audition = p->audition > 0 ? p->audition : 1;
  parse_then(p, node);
}

void irl_plan_parse(irl_task* task, irl_jnode root) {
  irl_expert_plan_read(&task->plan, irl_json_get_opt(root, "expert"));
}

//---------------------------------- Writing ------------------------------------------------------

static void write_if_known(irl_jout* out, const char* key, double value) {
  if (!isnan(value)) {
    irl_jout_key_number(out, key, value);
  }
}

static void write_method(const irl_expert_plan* p, irl_jout* out) {
  if (p->method == IRL_EXPERT_NATURAL) {
    irl_jout_key_int(out, "samples", p->samples);
    irl_jout_key_number(out, "kl", p->kl);
    irl_jout_key_number(out, "discount", p->discount);
    irl_jout_key_number(out, "trace", p->trace);
    irl_jout_key_number(out, "floor", p->floor);
    irl_jout_key_bool(out, "products", p->products);
  } else {
    irl_jout_key_int(out, "directions", p->directions);
    irl_jout_key_int(out, "best", p->best);
    irl_jout_key_number(out, "step", p->step);
    irl_jout_key_number(out, "noise", p->noise);
    irl_jout_key_bool(out, "offset", p->offset);
    if (p->observed > 0) {
      irl_jout_key_int(out, "observed", p->observed);
    }
    if (p->average > 1) {
      irl_jout_key_int(out, "average", p->average);
    }
  }
}

// What parse_stationary reads.
static void write_stationary(const irl_expert_plan* p, irl_jout* out) {
  irl_jout_key_int(out, "iterations", p->iterations);
  write_method(p, out);
  irl_jout_key_number(out, "stddev", p->stddev);
  irl_jout_key_bool(out, "alive", p->alive);
  if (p->steps > 0) {
    irl_jout_key_int(out, "steps", p->steps);
  }
  irl_jout_key_number(out, "grow", p->grow);
  if (p->spread != 1) {
    irl_jout_key_number(out, "spread", p->spread);
  }
  irl_jout_key_number(out, "last", p->last);
  if (p->judge > 0) {
    irl_jout_key_int(out, "judge", p->judge);
  }
  write_if_known(out, "stop_return", p->stop_return);
}

// The searches that follow, one in the other.
static void write_then(const irl_expert_plan* p, irl_jout* out) {
  int depth = 0;
  for (p = p->then; p != NULL; p = p->then, depth++) {
    irl_jout_key(out, "then");
    irl_jout_open(out, '{');
    write_stationary(p, out);
  }
  for (; depth > 0; depth--) {
    irl_jout_close(out);
  }
}

void irl_expert_plan_write(const irl_expert_plan* p, irl_jout* out) {
  irl_jout_open(out, '{');
  irl_jout_key_string(out, "method", irl_expert_methods[p->method]);
  irl_jout_key_int(out, "restarts", p->restarts);
  if (p->method == IRL_EXPERT_TRAJECTORY) {
    irl_jout_key_int(out, "iterations", p->iterations);
    irl_jout_key_int(out, "rounds", p->rounds);
    irl_jout_key_int(out, "samples", p->samples);
    irl_jout_key_number(out, "entropy", p->entropy);
  } else {
    irl_jout_key_int(out, "audition", p->audition);
    write_stationary(p, out);
    write_then(p, out);
  }
  write_if_known(out, "best_return", p->best_return);
  irl_jout_close(out);
}

//---------------------------------- The task's own -----------------------------------------------

const irl_expert_plan* irl_task_expert(const irl_task* task) {
  return &task->plan;
}

double irl_task_constant_reward(const irl_task* task, bool healthy) {
  double reward = 0;
  for (int k = 0; k < task->info.nterms; k++) {
    const irl_reward_term* term = &task->term[k];
    if (term->norm == IRL_NORM_CONSTANT && (healthy || !task->while_healthy[k])) {
      reward -= irl_reward_term_cost(term, NULL);
    }
  }
  return reward;
}
