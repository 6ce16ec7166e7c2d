// The "expert" object of a task JSON: how demonstrations of the task are searched for.
#include <float.h>
#include <math.h>

#include "envs/task_internal.h"

const char* const irl_expert_methods[] = {"trajectory", "natural_gradient", "random_search", NULL};

irl_expert_plan irl_expert_plan_defaults(irl_expert_method method) {
  return (irl_expert_plan){
      .method = method,
      .iterations = method == IRL_EXPERT_TRAJECTORY ? 16
                    : method == IRL_EXPERT_NATURAL  ? 200
                                                    : 500,
      .restarts = 16,
      .samples = method == IRL_EXPERT_TRAJECTORY ? 20 : 10,
      .kl = 0.05,
      .discount = 0.995,
      .trace = 0.97,
      .stddev = 0.5,
      .last = 1,
      .floor = 0.02,
      .directions = 8,
      .best = 4,
      .step = 0.02,
      .noise = 0.03,
      .offset = true,
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
}

void irl_plan_parse(irl_task* task, irl_jnode root) {
  irl_expert_plan* p = &task->plan;
  *p = irl_expert_plan_defaults(IRL_EXPERT_TRAJECTORY);
  irl_jnode node = irl_json_get_opt(root, "expert");
  if (node.item == NULL) {
    return;
  }
  *p = irl_expert_plan_defaults((irl_expert_method)irl_json_choice_or(
      node, "method", irl_expert_methods, IRL_EXPERT_TRAJECTORY));
  p->iterations = irl_json_int_or(node, "iterations", 0, 10000000, p->iterations);
  p->best_return = irl_json_number_or(node, "best_return", -DBL_MAX, DBL_MAX, NAN);
  switch (p->method) {
    case IRL_EXPERT_TRAJECTORY:
      p->restarts = irl_json_int_or(node, "restarts", 1, 100000, p->restarts);
      p->samples = irl_json_int_or(node, "samples", 2, 100000, p->samples);
      return;
    case IRL_EXPERT_NATURAL:
      parse_natural(p, node);
      break;
    case IRL_EXPERT_RANDOM:
      parse_random(p, node);
      break;
  }
  p->last = irl_json_number_or(node, "last", 1e-6, 1, p->last);
  p->judge = irl_json_int_or(node, "judge", 1, 100000, 0);
  p->stddev = irl_json_number_or(node, "stddev", 1e-6, 1e3, p->stddev);
  p->alive = irl_json_bool_or(node, "alive", p->alive);
  p->steps = irl_json_int_or(node, "steps", 1, 100000, 0);
  p->grow = irl_json_number_or(node, "grow", 1, 10, p->grow);
  p->stop_return = irl_json_number_or(node, "stop_return", -DBL_MAX, DBL_MAX, NAN);
}

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
