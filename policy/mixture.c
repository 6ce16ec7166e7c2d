#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/linalg.h"
#include "policy/mixture_internal.h"

static const double variance_floor = 1e-6;  // of standardised coordinates
static const double least_gain = 1e-5;      // of the mean log-likelihood, relative
static const double least_share = 1e-4;     // of a cluster's mass, relative to an equal share
static const double log_2pi = 1.8378770664093454836;

struct irl_mixture {
  int d;
  int capacity;  // clusters at most
  int k;         // clusters in use, 0 before the first fit
  int steps;
  double likelihood;
  int nrows;       // capacity of z and share, in rows
  double* center;  // standardisation of the rows                (d)
  double* scale;   //                                            (d)
  double* weight;  // of the clusters                            (K)
  double* mean;    // standardised                               (K, d)
  double* cov;     //                                            (K, d, d)
  double* chol;    // lower factors                              (K, d, d)
  double* logdet;  //                                            (K)
  double* work;    // of one row, and mean responsibilities      (2 d + K)
  double* z;       // standardised rows                          (nrows, d)
  double* share;   // responsibilities                           (nrows, K)
  void* memory;
};

irl_err irl_mixture_create(irl_mixture** out, int d_, int clusters) {
  *out = NULL;
  if (d_ < 1 || clusters < 1) {
    return IRL_ERANGE;
  }
  const size_t d = (size_t)d_;
  const size_t k = (size_t)clusters;
  irl_mixture* m = IRL_NEW(irl_mixture, 1);
  double* p = IRL_NEW(double, 4 * d + k * (3 + d + 2 * d * d));
  if (m == NULL || p == NULL) {
    irl_free(m);
    irl_free(p);
    return IRL_ENOMEM;
  }
  *m = (irl_mixture){.d = d_, .capacity = clusters, .memory = p};
  m->center = p;
  m->scale = m->center + d;
  m->weight = m->scale + d;
  m->mean = m->weight + k;
  m->cov = m->mean + k * d;
  m->chol = m->cov + k * d * d;
  m->logdet = m->chol + k * d * d;
  m->work = m->logdet + k;
  *out = m;
  return IRL_OK;
}

void irl_mixture_destroy(irl_mixture* m) {
  if (m != NULL) {
    irl_free(m->z);
    irl_free(m->share);
    irl_free(m->memory);
    irl_free(m);
  }
}

double irl_mixture_likelihood(const irl_mixture* m) {
  return m->likelihood;
}

int irl_mixture_steps(const irl_mixture* m) {
  return m->steps;
}

//---------------------------------- Rows ----------------------------------------------------------

static irl_err reserve(irl_mixture* m, int n) {
  if (n <= m->nrows) {
    return IRL_OK;
  }
  irl_free(m->z);
  irl_free(m->share);
  m->nrows = 0;
  m->z = IRL_NEW(double, (size_t)n*(size_t)m->d);
  m->share = IRL_NEW(double, (size_t)n*(size_t)m->capacity);
  if (m->z == NULL || m->share == NULL) {
    return IRL_ENOMEM;
  }
  m->nrows = n;
  return IRL_OK;
}

static void standardize(const irl_mixture* m, const double* row, double* z) {
  for (int j = 0; j < m->d; j++) {
    z[j] = (row[j] - m->center[j]) / m->scale[j];
  }
}

// The units of the first fit stay, so that the Gaussians of the last fit mean the same in the next.
static void set_units(irl_mixture* m, const double* rows, int n) {
  for (int j = 0; j < m->d; j++) {
    double mean = 0;
    double square = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
      const double delta = rows[i * m->d + j] - mean;
      mean += delta / (double)(i + 1);
      square += delta * (rows[i * m->d + j] - mean);
    }
    const double deviation = sqrt(square / n);
    m->center[j] = mean;
    m->scale[j] = deviation > 1e-9 * (1 + fabs(mean)) ? deviation : 1;
  }
}

//---------------------------------- Expectation ---------------------------------------------------

// log(weight_k N(z; mean_k, cov_k)) of all clusters. work (d).
static void log_joint(const irl_mixture* m, const double* z, double* work, double* out) {
  const int d = m->d;
  for (int k = 0; k < m->k; k++) {
    const double* mean = m->mean + (ptrdiff_t)k * d;
    for (int j = 0; j < d; j++) {
      work[j] = z[j] - mean[j];
    }
    irl_solve_lower(work, m->chol + (ptrdiff_t)k * d * d, work, d);
    out[k] = log(m->weight[k]) - 0.5 * (d * log_2pi + m->logdet[k] + irl_dot(work, work, d));
  }
}

// Responsibilities of one row in place of the logarithms; returns log p(row).
static double normalize(double* log_share, int k) {
  const double total = irl_logsumexp(log_share, k);
  for (int i = 0; i < k; i++) {
    log_share[i] = exp(log_share[i] - total);
  }
  return total;
}

static double expectation(irl_mixture* m, int n) {
  double sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    double* share = m->share + i * m->capacity;
    log_joint(m, m->z + i * m->d, m->work, share);
    sum += normalize(share, m->k);
  }
  return sum / n;
}

//---------------------------------- Maximisation --------------------------------------------------

// Mean and covariance of cluster k under responsibilities; returns its mass.
static double weigh_cluster(irl_mixture* m, int n, int k, bool everything) {
  const int d = m->d;
  double* mean = m->mean + (ptrdiff_t)k * d;
  double* cov = m->cov + (ptrdiff_t)k * d * d;
  double mass = 0;
  memset(mean, 0, (size_t)d * sizeof(double));
  memset(cov, 0, (size_t)d * (size_t)d * sizeof(double));
  for (ptrdiff_t i = 0; i < n; i++) {
    const double share = everything ? 1 : m->share[i * m->capacity + k];
    mass += share;
    irl_axpy(mean, share, m->z + i * d, d);
  }
  for (int j = 0; j < d; j++) {
    mean[j] /= fmax(mass, 1e-300);
  }
  for (ptrdiff_t i = 0; i < n; i++) {
    const double share = everything ? 1 : m->share[i * m->capacity + k];
    if (share < 1e-12) {
      continue;
    }
    for (int j = 0; j < d; j++) {
      m->work[j] = m->z[i * d + j] - mean[j];
    }
    for (int j = 0; j < d; j++) {
      irl_axpy(cov + (ptrdiff_t)j * d, share * m->work[j], m->work, j + 1);
    }
  }
  for (int i = 0; i < d; i++) {
    for (int j = 0; j <= i; j++) {
      cov[(ptrdiff_t)i * d + j] /= fmax(mass, 1e-300);
      cov[(ptrdiff_t)j * d + i] = cov[(ptrdiff_t)i * d + j];
    }
    cov[(ptrdiff_t)i * d + i] += variance_floor;
  }
  return mass;
}

// The row that the mixture explains worst becomes the mean of a dead cluster.
static void revive(irl_mixture* m, int n, int k) {
  const int d = m->d;
  ptrdiff_t worst = 0;
  double least = INFINITY;
  (void)weigh_cluster(m, n, k, true);
  for (ptrdiff_t i = 0; i < n; i++) {
    const double largest = 1 / (1 + irl_dot(m->z + i * d, m->z + i * d, d));
    if (largest < least) {
      least = largest;
      worst = i;
    }
  }
  memcpy(m->mean + (ptrdiff_t)k * d, m->z + worst * d, (size_t)d * sizeof(double));
}

static bool maximization(irl_mixture* m, int n) {
  const int d = m->d;
  double total = 0;
  for (int k = 0; k < m->k; k++) {
    double mass = weigh_cluster(m, n, k, false);
    if (mass < least_share * n / m->k) {
      revive(m, n, k);
      mass = (double)n / m->k;
    }
    m->weight[k] = mass;
    total += mass;
    const ptrdiff_t at = (ptrdiff_t)k * d * d;
    if (!irl_cholesky(m->chol + at, m->cov + at, d)) {
      return false;
    }
    m->logdet[k] = irl_cholesky_logdet(m->chol + at, d);
  }
  for (int k = 0; k < m->k; k++) {
    m->weight[k] /= total;
  }
  return true;
}

// Rows dealt out in order: rows come step by step, so a cluster begins as a stretch of time.
static bool deal_out(irl_mixture* m, int n, int clusters) {
  m->k = clusters;
  memset(m->share, 0, (size_t)n * (size_t)m->capacity * sizeof(double));
  for (ptrdiff_t i = 0; i < n; i++) {
    m->share[i * m->capacity + i * clusters / n] = 1;
  }
  return maximization(m, n);
}

irl_err irl_mixture_fit(irl_mixture* m, const double* rows, int n, int clusters, int most_steps) {
  assert(n >= 1 && most_steps >= 1);
  clusters = clusters < 1 ? 1 : clusters > m->capacity ? m->capacity : clusters;
  IRL_TRY(reserve(m, n));
  if (m->k != clusters) {
    set_units(m, rows, n);
  }
  for (ptrdiff_t i = 0; i < n; i++) {
    standardize(m, rows + i * m->d, m->z + i * m->d);
  }
  if (!irl_all_finite(m->z, n * m->d)) {
    return IRL_ENUM;
  }
  if (m->k != clusters && !deal_out(m, n, clusters)) {
    m->k = 0;
    return IRL_ENUM;
  }
  double before = -INFINITY;
  for (m->steps = 1; m->steps <= most_steps; m->steps++) {
    m->likelihood = expectation(m, n);
    if (!isfinite(m->likelihood) || !maximization(m, n)) {
      m->k = 0;
      return IRL_ENUM;
    }
    if (m->likelihood - before <= least_gain * fabs(m->likelihood)) {
      break;
    }
    before = m->likelihood;
  }
  return IRL_OK;
}

//---------------------------------- Moments -------------------------------------------------------

// Mean responsibilities of the rows, in work + 2 d.
static double* mean_share(irl_mixture* m, const double* rows, int n) {
  double* z = m->work + m->d;
  double* sum = z + m->d;
  memset(sum, 0, (size_t)m->k * sizeof(double));
  for (ptrdiff_t i = 0; i < n; i++) {
    standardize(m, rows + i * m->d, z);
    log_joint(m, z, m->work, m->share);
    (void)normalize(m->share, m->k);
    irl_axpy(sum, 1.0 / n, m->share, m->k);
  }
  return sum;
}

void irl_mixture_moments(irl_mixture* m, const double* rows, int n, double* mean,
                         double* covariance) {
  const int d = m->d;
  const double* share = mean_share(m, rows, n);
  memset(mean, 0, (size_t)d * sizeof(double));
  memset(covariance, 0, (size_t)d * (size_t)d * sizeof(double));
  for (int k = 0; k < m->k; k++) {
    irl_axpy(mean, share[k], m->mean + (ptrdiff_t)k * d, d);
  }
  for (int k = 0; k < m->k; k++) {
    for (int j = 0; j < d; j++) {
      m->work[j] = m->mean[(ptrdiff_t)k * d + j] - mean[j];
    }
    irl_axpy(covariance, share[k], m->cov + (ptrdiff_t)k * d * d, d * d);
    for (int j = 0; j < d; j++) {
      irl_axpy(covariance + (ptrdiff_t)j * d, share[k] * m->work[j], m->work, d);
    }
  }
  for (int i = 0; i < d; i++) {
    for (int j = 0; j < d; j++) {
      covariance[(ptrdiff_t)i * d + j] *= m->scale[i] * m->scale[j];
    }
  }
  for (int j = 0; j < d; j++) {
    mean[j] = m->center[j] + m->scale[j] * mean[j];
  }
}
