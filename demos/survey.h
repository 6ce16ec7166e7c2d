// A closer look at a dataset: what its observations cover, how its actions are made, what stands in
// it twice.
#ifndef MJIRL_DEMOS_SURVEY_H_
#define MJIRL_DEMOS_SURVEY_H_

#include <stdbool.h>

#include "base/err.h"
#include "demos/demos.h"

#ifdef __cplusplus
extern "C" {
#endif

// One observation or action entry over all steps of all episodes, in its own unit.
typedef struct irl_demos_column {
  double min, low, median, high, max;  // low, high: the 5th and 95th of 100 (NumPy's "lower")
  double mean, std;                    // std of the population
} irl_demos_column;

// How one action entry moves.
typedef struct irl_demos_motion {
  double saturated;  // share of steps at or beyond the actuator's bounds; NaN without bounds
  double roughness;  // δ²/s², mean square successive difference over variance: 0 for a signal that
                     // hardly changes, 2 for independent noise (J. von Neumann, Ann. Math. Stat.
                     // 12, 1941); NaN for a constant
} irl_demos_motion;

typedef struct irl_demos_survey {
  int nx, nu;
  irl_demos_column* observation;  // (nx)
  irl_demos_column* action;       // (nu), raw ones; NULL where they are not known
  irl_demos_motion* motion;       // (nu), or NULL
  double saturated;               // over all action entries with bounds; NaN: none
  double roughness;               // mean over entries; NaN: none
  double repeated;                // share of steps whose action is the one before, bit for bit
  double sparc_mean, sparc_min;  // irl_sparc of the speed ‖q̇‖ over episodes; NaN without states
  int duplicates;                // episodes that are an earlier one, bit for bit
  int copies;                    // others whose actions are those of an earlier one
  int twin, twin_of;             // the first of the duplicates and copies; -1: none
} irl_demos_survey;

// task: the one that the dataset keeps, or NULL: bounds, velocities and the length of a step are
// unknown then. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_demos_survey_create(irl_demos_survey** survey, const irl_demos* demos,
                                              const irl_task* task, irl_errinfo* info);
void irl_demos_survey_destroy(irl_demos_survey* survey);  // NULL is fine

// Spectral arc length of a speed profile of n samples, dt seconds apart: the smoother, the nearer
// to 0 from below; a single bell-shaped movement has about -1.5. S. Balasubramanian, A. Melendez-
// Calderon, A. Roby-Brami and E. Burdet, J. NeuroEng. Rehabil. 12:112 (2015), with the authors'
// parameters: amplitude threshold 0.05, cut-off 10 Hz, 4 doublings of zero padding. *sparc is NaN
// for a speed of zero. Errors: IRL_ENOMEM.
IRL_NODISCARD irl_err irl_sparc(double* sparc, const double* speed, int n, double dt);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_DEMOS_SURVEY_H_
