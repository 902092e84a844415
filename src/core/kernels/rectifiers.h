/* Rectifiers: loops without branches, which half of the elements would take. */
#ifndef PYSCOPE_RECTIFIERS_H
#define PYSCOPE_RECTIFIERS_H

#include <numpy/npy_common.h>
#include "simd.h"

#define RECTIFIERS_DEFINE(T, N)                                                                              \
PYSCOPE_CLONES static void relu_##N(const T *x, T *y, npy_intp n)          /* y may be x; a NaN stays one */ \
{                                                                                                            \
    npy_intp i;                                                                                              \
    for (i = 0; i < n; i++) {                                                                                \
        const T a = x[i];                                                                                    \
        y[i] = a < 0 ? 0 : a;                                                                                \
    }                                                                                                        \
}                                                                                                            \
PYSCOPE_CLONES static void relu_grad_##N(const T *grad, const T *x, T *out, npy_intp n)                      \
{                                                                                                            \
    npy_intp i;                                                                                              \
    for (i = 0; i < n; i++) {                                                                                \
        const T g = grad[i], a = x[i];                                                                       \
        out[i] = a > 0 ? g : 0;                                                                              \
    }                                                                                                        \
}

RECTIFIERS_DEFINE(float, f32)
RECTIFIERS_DEFINE(double, f64)

#endif
