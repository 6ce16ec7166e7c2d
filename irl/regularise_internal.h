// Regularisers of the cost as functions of the costs of single steps: value, and derivatives added
// to the weights of the rows.
#ifndef MJIRL_IRL_REGULARISE_INTERNAL_H_
#define MJIRL_IRL_REGULARISE_INTERNAL_H_

// c (paths, steps), weight likewise; scale multiplies the sum. Each returns its value.
double irl_penalty_rate(const float* c, int paths, int steps, double scale, float* weight);
double irl_penalty_progress(const float* c, int paths, int steps, double scale, float* weight);

// c, weight (2 pairs): costs at both ends of a segment of 2 delta.
double irl_penalty_slope(const float* c, int pairs, double delta, double scale, float* weight);

// Variance of n step costs.
double irl_step_variance(const float* c, int n);

#endif  // MJIRL_IRL_REGULARISE_INTERNAL_H_
