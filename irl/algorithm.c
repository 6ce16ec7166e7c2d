#include "irl/loss_internal.h"

const irl_algorithm* irl_algorithm_of(irl_algo algo) {
  static const irl_algorithm algorithms[] = {
      [IRL_ALGO_GCL] = {IRL_BACKGROUND_MIXTURE, irl_loss_gcl, false, false},
      [IRL_ALGO_GCL_Q] = {IRL_BACKGROUND_SAMPLERS, irl_loss_gcl_q, false, false},
      [IRL_ALGO_GAN_GCL] = {IRL_BACKGROUND_SAMPLERS, irl_loss_gan_gcl, false, false},
      [IRL_ALGO_EBM] = {IRL_BACKGROUND_MIXTURE, irl_loss_ebm, false, false},
      [IRL_ALGO_AIRL] = {IRL_BACKGROUND_STEP, irl_loss_stepwise, true, false},
      [IRL_ALGO_GAIL] = {IRL_BACKGROUND_NONE, irl_loss_stepwise, true, false},
      [IRL_ALGO_BC] = {IRL_BACKGROUND_NEWEST, NULL, false, false},
      [IRL_ALGO_MAXENT] = {IRL_BACKGROUND_MIXTURE, irl_loss_gcl, false, true},
  };
  return &algorithms[algo];
}
