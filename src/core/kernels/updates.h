/* The rules of optimizers over contiguous memory: TF's core/kernels/training_ops.cc, in the dtype of the variable.
 *
 * `s` are the scalars of the op in the order of its inputs, then its options as 0 or 1.
 */
#ifndef PYSCOPE_UPDATES_H
#define PYSCOPE_UPDATES_H

#include <math.h>
#include <numpy/npy_common.h>
#include "simd.h"

#define UPDATES_DEFINE(T, N, SQRT)                                                                           \
PYSCOPE_CLONES static void descend_##N(T **a, const T *restrict g, const T *s, npy_intp n)                   \
{                                                                                                            \
    T *restrict var = a[0];                                                                                  \
    const T alpha = s[0];                                                                                    \
    npy_intp i;                                                                                              \
    for (i = 0; i < n; i++) var[i] -= alpha * g[i];                                                          \
}                                                                                                            \
PYSCOPE_CLONES static void momentum_##N(T **a, const T *restrict g, const T *s, npy_intp n)                  \
{                                                                                                            \
    T *restrict var = a[0], *restrict accum = a[1];                                                          \
    const T lr = s[0], momentum = s[1];                                                                      \
    npy_intp i;                                                                                              \
    if (s[2] != 0)                                                                                           \
        for (i = 0; i < n; i++) {                                                                            \
            accum[i] = accum[i] * momentum + g[i];                                                           \
            var[i] -= g[i] * lr + accum[i] * momentum * lr;                                                  \
        }                                                                                                    \
    else                                                                                                     \
        for (i = 0; i < n; i++) {                                                                            \
            accum[i] = accum[i] * momentum + g[i];                                                           \
            var[i] -= accum[i] * lr;                                                                         \
        }                                                                                                    \
}                                                                                                            \
PYSCOPE_CLONES static void adam_##N(T **a, const T *restrict g, const T *s, npy_intp n)                      \
{                                                                                                            \
    T *restrict var = a[0], *restrict m = a[1], *restrict v = a[2];                                          \
    const T alpha = s[2] * SQRT(1 - s[1]) / (1 - s[0]), beta1 = s[3], rest1 = 1 - s[3], rest2 = 1 - s[4];    \
    const T epsilon = s[5];                                                                                  \
    npy_intp i;                                                                                              \
    if (s[6] != 0)                                                                                           \
        for (i = 0; i < n; i++) {                                                                            \
            m[i] += (g[i] - m[i]) * rest1;                                                                   \
            v[i] += (g[i] * g[i] - v[i]) * rest2;                                                            \
            var[i] -= (g[i] * rest1 + m[i] * beta1) * alpha / (SQRT(v[i]) + epsilon);                        \
        }                                                                                                    \
    else                                                                                                     \
        for (i = 0; i < n; i++) {                                                                            \
            m[i] += (g[i] - m[i]) * rest1;                                                                   \
            v[i] += (g[i] * g[i] - v[i]) * rest2;                                                            \
            var[i] -= m[i] * alpha / (SQRT(v[i]) + epsilon);                                                 \
        }                                                                                                    \
}                                                                                                            \
PYSCOPE_CLONES static void adagrad_##N(T **a, const T *restrict g, const T *s, npy_intp n)                   \
{                                                                                                            \
    T *restrict var = a[0], *restrict accum = a[1];                                                          \
    const T lr = s[0];                                                                                       \
    npy_intp i;                                                                                              \
    if (s[1] != 0)                                                                                           \
        for (i = 0; i < n; i++) accum[i] += g[i] * g[i];                                                     \
    for (i = 0; i < n; i++) var[i] -= g[i] * lr / SQRT(accum[i]);                                            \
}                                                                                                            \
PYSCOPE_CLONES static void rms_prop_##N(T **a, const T *restrict g, const T *s, npy_intp n)                  \
{                                                                                                            \
    T *restrict var = a[0], *restrict ms = a[1], *restrict mom = a[2];                                       \
    const T lr = s[0], rest = 1 - s[1], momentum = s[2], epsilon = s[3];                                     \
    npy_intp i;                                                                                              \
    for (i = 0; i < n; i++) {                                                                                \
        ms[i] += (g[i] * g[i] - ms[i]) * rest;                                                               \
        mom[i] = mom[i] * momentum + g[i] * lr / SQRT(ms[i] + epsilon);                                      \
        var[i] -= mom[i];                                                                                    \
    }                                                                                                        \
}                                                                                                            \
PYSCOPE_CLONES static void sparse_rms_prop_##N(T **a, const T *restrict g, const T *s, npy_intp n)           \
{                                                                                                            \
    T *restrict var = a[0], *restrict ms = a[1], *restrict mom = a[2];                                       \
    const T lr = s[0], rho = s[1], rest = 1 - s[1], momentum = s[2], epsilon = s[3];                         \
    npy_intp i;                                                                                              \
    for (i = 0; i < n; i++) {                                                                                \
        ms[i] = ms[i] * rho + g[i] * g[i] * rest;                                                            \
        mom[i] = mom[i] * momentum + lr / SQRT(ms[i] + epsilon) * g[i];                                      \
        var[i] -= mom[i];                                                                                    \
    }                                                                                                        \
}                                                                                                            \
PYSCOPE_CLONES static void ftrl_##N(T **a, const T *restrict g, const T *s, npy_intp n)                      \
{                                                                                                            \
    T *restrict var = a[0], *restrict accum = a[1], *restrict linear = a[2];                                 \
    const T lr = s[0], l1 = s[1], l2 = s[2];             /* lr_power is -0.5, or this is not called */       \
    npy_intp i;                                                                                              \
    for (i = 0; i < n; i++) {                                                                                \
        T next = accum[i] + g[i] * g[i], power = SQRT(next), bound, z;                                       \
        z = linear[i] + (g[i] - (power - SQRT(accum[i])) / lr * var[i]);                                     \
        bound = z < -l1 ? -l1 : z > l1 ? l1 : z;                                                             \
        var[i] = (bound - z) / (power / lr + 2 * l2);                                                        \
        linear[i] = z;                                                                                       \
        accum[i] = next;                                                                                     \
    }                                                                                                        \
}

UPDATES_DEFINE(float, f32, sqrtf)
UPDATES_DEFINE(double, f64, sqrt)

typedef void (*update_fn)(void *arrays, const void *grad, const void *scalars, npy_intp n);

enum { UPDATE_DESCEND, UPDATE_MOMENTUM, UPDATE_ADAM, UPDATE_ADAGRAD, UPDATE_RMS_PROP, UPDATE_SPARSE_RMS_PROP,
       UPDATE_FTRL };

static const update_fn update_loops[][2] = {
    {(update_fn)descend_f32, (update_fn)descend_f64},
    {(update_fn)momentum_f32, (update_fn)momentum_f64},
    {(update_fn)adam_f32, (update_fn)adam_f64},
    {(update_fn)adagrad_f32, (update_fn)adagrad_f64},
    {(update_fn)rms_prop_f32, (update_fn)rms_prop_f64},
    {(update_fn)sparse_rms_prop_f32, (update_fn)sparse_rms_prop_f64},
    {(update_fn)ftrl_f32, (update_fn)ftrl_f64},
};

#endif
