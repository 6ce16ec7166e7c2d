// What the files of the LQR share: its memory.
#ifndef MJIRL_POLICY_LQR_INTERNAL_H_
#define MJIRL_POLICY_LQR_INTERNAL_H_

#include "policy/lqr.h"

struct irl_lqr {
  int horizon;  // T
  int nx;
  int nu;

  double* V;      // soft values after a backward pass        (T, nx, nx)
  double* v;      //                                          (T, nx)
  double* v0;     //                                          (T)
  double* mean;   // marginals of y after a forward pass      (T, n)
  double* cov;    //                                          (T, n, n)
  double* xmean;  // those of x alone, as irl_policy_kl reads (T, nx)
  double* xcov;   //                                          (T, nx, nx)

  double* Q;       // state-action value of one step          (n, n)
  double* q;       //                                         (n)
  double* A;       // [F; −K, 1] of one step                  (n, n)
  double* W;       // weighted [F; −K, 1]                     (n, n)
  double* Y;       // L⁻¹ [Q_ux, q_u], later the gains        (nu, nx+1)
  double* YY;      // YᵀY                                     (nx+1, nx+1)
  double* L;       // Cholesky factor of Q_uu                 (nu, nu)
  double* eigval;  //                                         (nu)
  double* eigvec;  //                                         (nu, nu)
  double* spare;   // Q_uu, or a clipped covariance           (nu, nu)
};

#endif  // MJIRL_POLICY_LQR_INTERNAL_H_
