// Eigenvalues of small symmetric matrices.
#ifndef MJIRL_POLICY_EIGEN_INTERNAL_H_
#define MJIRL_POLICY_EIGEN_INTERNAL_H_

// A = U diag(values) Uᵀ by cyclic Jacobi rotations; A (n, n) is destroyed, U (n, n) has the
// eigenvectors as columns, values (n) are unordered.
void irl_eigen_symmetric(double* A, double* U, double* values, int n);

// Moves the eigenvalues of A into [floor, ceiling]. values (n), U and work (n, n) are scratch.
void irl_eigen_clip(double* A, double floor, double ceiling, int n, double* values, double* U,
                    double* work);

#endif  // MJIRL_POLICY_EIGEN_INTERNAL_H_
