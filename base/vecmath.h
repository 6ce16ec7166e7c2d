// Float kernels of the cost network that are not matrix products, vectorised by the compiler and
// built for several instruction sets. They are made of sums, products and quotients alone, in a
// fixed order and without fused steps, so that a result has the same bits on every CPU and at every
// place of an array.
#ifndef MJIRL_BASE_VECMATH_H_
#define MJIRL_BASE_VECMATH_H_

#ifdef __cplusplus
extern "C" {
#endif

// x = tanh x, in place. Relative error below 4e-7 (3.4 ulp) for all floats; ±0, ±inf and NaN as in
// C.
void irl_tanh_f32(float* x, int n);

// y = tanh(y + bias), in place: y (rows, cols), bias (cols).
void irl_tanh_bias_f32(float* y, const float* bias, int rows, int cols);

// g *= 1 − h², the derivative of h = tanh.
void irl_tanh_grad_f32(float* g, const float* h, long n);

// y = max(y + bias, 0), NaN kept, and g *= [h > 0], the derivative of h = max(y, 0).
void irl_relu_bias_f32(float* y, const float* bias, int rows, int cols);
void irl_relu_grad_f32(float* g, const float* h, long n);

// y = log(1 + e^(y + bias)), relative error below 1e-6, and g *= 1 − e^−h, its derivative (the
// logistic function of y) by its value h.
void irl_softplus_bias_f32(float* y, const float* bias, int rows, int cols);
void irl_softplus_grad_f32(float* g, const float* h, long n);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_BASE_VECMATH_H_
