/* Maxima and means of windows of channels-last images, and their gradients; images are shared among threads. */
#ifndef PYSCOPE_POOLING_H
#define PYSCOPE_POOLING_H

#include <string.h>

#include "pool.h"

typedef struct {
    npy_intp batch, height, width, depth;        /* images */
    npy_intp rows, cols;                         /* of the results */
    npy_intp window[2], stride[2], before[2];
} pool_shape;

enum { POOL_MAX_OF, POOL_MAX_GRAD, POOL_AVG_OF, POOL_AVG_GRAD };

typedef struct {
    const pool_shape *s;
    int kind;
    const void *image, *grad;                    /* NULL where there is none */
    void *out;
} pool_job;

typedef struct {                                 /* the part of a window that lies in the image */
    npy_intp row, col, n_rows, n_cols;
} pool_window;

static inline pool_window window_at(const pool_shape *s, npy_intp y, npy_intp x)
{
    pool_window w;
    npy_intp row = y * s->stride[0] - s->before[0], col = x * s->stride[1] - s->before[1];
    npy_intp row_end = row + s->window[0], col_end = col + s->window[1];
    w.row = row < 0 ? 0 : row;
    w.col = col < 0 ? 0 : col;
    w.n_rows = (row_end > s->height ? s->height : row_end) - w.row;
    w.n_cols = (col_end > s->width ? s->width : col_end) - w.col;
    return w;
}

#define POOL_TARGET
#define REAL float
#define BITS npy_int32
#ifdef __GNUC__
#define LANES 4
#endif
#define POOL(name) pool_##name##_f32
#include "pooling_body.h"
#define REAL double
#define BITS npy_int64
#ifdef __GNUC__
#define LANES 2
#endif
#define POOL(name) pool_##name##_f64
#include "pooling_body.h"
#undef POOL_TARGET

#if defined(__GNUC__) && defined(__x86_64__)
#define POOL_TARGET __attribute__((target("avx2")))
#define REAL float
#define BITS npy_int32
#define LANES 8
#define POOL(name) pool_##name##_f32_avx2
#include "pooling_body.h"
#define REAL double
#define BITS npy_int64
#define LANES 4
#define POOL(name) pool_##name##_f64_avx2
#include "pooling_body.h"
#undef POOL_TARGET
#endif

static void pool_images(const pool_shape *s, int is_double, int kind, const void *image, const void *grad, void *out)
{
    pool_job job = {s, kind, image, grad, out};
    const npy_intp pixels = s->rows * s->cols * s->window[0] * s->window[1];
    pool_body body = is_double ? pool_images_f64 : pool_images_f32;
#if defined(__GNUC__) && defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        body = is_double ? pool_images_f64_avx2 : pool_images_f32_avx2;
#endif
    parallel_for(body, &job, s->batch, 50000 / (pixels * s->depth + 1) + 1);
}

#endif
