// Step-wise moments of trajectories and the ridge regression on them, which the fits of dynamics
// and of policies share. A row is the joint vector of one step: ny regressors, then nw targets.
#ifndef MJIRL_POLICY_MOMENTS_INTERNAL_H_
#define MJIRL_POLICY_MOMENTS_INTERNAL_H_

#include "base/batch.h"
#include "base/err.h"

// Writes the row of step t of trajectory i.
typedef void (*irl_row_fn)(const irl_batch* batch, int i, int t, double* row);

typedef struct irl_moments {
  int horizon;      // T
  int ny;           // regressors
  int nw;           // targets
  int d;            // ny + nw
  double* count;    // trajectories that have the step                     (T)
  double* mean;     // of the rows                                         (T, d)
  double* scatter;  // Σ (row − mean)(row − mean)ᵀ, the mean the step's own (T, d, d)
  double* total;    // variance over all steps and trajectories            (d)
  double* level;    // largest magnitude                                   (d)
  double* row;      // scratch                                             (d)
  double* S;        // scatter that a regression works on                  (d, d)
  double weight;    // trajectories that S stands for, their mean taken off

  double* scale;  // standard deviations of the regressors, 0: constant    (ny)
  double* R;      // regularised correlations' Cholesky factor             (ny, ny)
  double* Rinv;   //                                                       (ny, ny)
  double* slope;  // of the targets on the regressors                      (ny, nw)
  double used;    // effective number of regressors
  void* memory;
} irl_moments;

IRL_NODISCARD irl_err irl_moments_create(irl_moments* m, int horizon, int ny, int nw);
void irl_moments_destroy(irl_moments* m);

// Valid trajectories among index (n) that have a first step.
int irl_moments_usable(const irl_batch* batch, const int* index, int n);

// count, mean, scatter, total and level of the valid trajectories, all anew. Errors: IRL_ENUM;
// `what` begins the sentence.
IRL_NODISCARD irl_err irl_moments_gather(irl_moments* m, const irl_batch* batch, const int* index,
                                         int n, irl_row_fn row, const char* what,
                                         irl_errinfo* info);

// The same of the rows of all steps together, about their one mean, as those of step 0. m of one
// step; the batch's horizon is its own.
IRL_NODISCARD irl_err irl_moments_pool(irl_moments* m, const irl_batch* batch, const int* index,
                                       int n, irl_row_fn row, const char* what, irl_errinfo* info);

// S = own × scatter of step t + prior × mean covariance of steps t−window .. t+window; a negative
// prior counts the window's covariance at its full weight.
void irl_moments_combine(irl_moments* m, int t, int window, double own, double prior);

// S = own × scatter of step t + prior × covariance given by `rows` (n, d) of differences that stand
// for `paths` trajectories: their mean Σ row rowᵀ / paths.
void irl_moments_differences(irl_moments* m, int t, const double* rows, int n, int paths,
                             double own, double prior);

// Ridge regression on S, standardised: slope, scale, used. False when it is singular.
bool irl_moments_regress(irl_moments* m, double ridge);

// Scatter of the residuals of the first n targets, out (n, n), symmetric.
void irl_moments_residual(irl_moments* m, int n, double* out);

#endif  // MJIRL_POLICY_MOMENTS_INTERNAL_H_
