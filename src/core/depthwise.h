/* Convolutions with a filter of its own for each channel of channels-last images, and both gradients.
 *
 * A result is a sum over the window alone, far too short for tiles (tiles.h): rows of the result are made by loops over
 * the channels, which follow each other in memory. `depth` times the filters of a channel is `out_depth`.
 */
#ifndef PYSCOPE_DEPTHWISE_H
#define PYSCOPE_DEPTHWISE_H

#include "conv.h"
#include "kernels/simd.h"

typedef struct {
    const conv_shape *s;
    const void *image, *filter, *grad;
    void *out;
    npy_intp n_parts;                            /* of the images, for the filter: the same for any number of threads */
    int failed;
} depthwise_job;

enum { DEPTHWISE_PARTS = 16 };

/* The columns [first, last) of the result whose windows have element `j` in the image. */
static inline void columns_inside(const conv_shape *s, npy_intp j, npy_intp *first, npy_intp *last)
{
    const npy_intp at = j * s->dilation[1] - s->before[1], stride = s->stride[1];
    *first = at < 0 ? (-at + stride - 1) / stride : 0;
    *last = s->width - at > 0 ? (s->width - at + stride - 1) / stride : 0;
    if (*last > s->cols)
        *last = s->cols;
}

#define DEPTHWISE_DEFINE(T, N)                                                                                        \
PYSCOPE_CLONES static void depthwise_add_##N(T *restrict out, const T *restrict x, const T *restrict w,               \
                                             npy_intp n_cols, npy_intp step, npy_intp depth, npy_intp n_each)         \
{                                                                                                                     \
    for (npy_intp i = 0; i < n_cols; i++, x += step, out += depth * n_each)                                           \
        if (n_each == 1)                                                                                              \
            for (npy_intp c = 0; c < depth; c++)                                                                      \
                out[c] += x[c] * w[c];                                                                                \
        else                                                                                                          \
            for (npy_intp c = 0; c < depth; c++)                                                                      \
                for (npy_intp k = 0; k < n_each; k++)                                                                 \
                    out[c * n_each + k] += x[c] * w[c * n_each + k];                                                  \
}                                                                                                                     \
PYSCOPE_CLONES static void depthwise_back_##N(T *restrict dx, const T *restrict g, const T *restrict w,               \
                                              npy_intp n_cols, npy_intp step, npy_intp depth, npy_intp n_each)        \
{                                                                                                                     \
    for (npy_intp i = 0; i < n_cols; i++, dx += step, g += depth * n_each)                                            \
        if (n_each == 1)                                                                                              \
            for (npy_intp c = 0; c < depth; c++)                                                                      \
                dx[c] += g[c] * w[c];                                                                                 \
        else                                                                                                          \
            for (npy_intp c = 0; c < depth; c++) {                                                                    \
                T sum = 0;                                                                                            \
                for (npy_intp k = 0; k < n_each; k++)                                                                 \
                    sum += g[c * n_each + k] * w[c * n_each + k];                                                     \
                dx[c] += sum;                                                                                         \
            }                                                                                                         \
}                                                                                                                     \
PYSCOPE_CLONES static void depthwise_sum_##N(T *restrict dw, const T *restrict g, const T *restrict x,                \
                                             npy_intp n_cols, npy_intp step, npy_intp depth, npy_intp n_each)         \
{                                                                                                                     \
    for (npy_intp i = 0; i < n_cols; i++, x += step, g += depth * n_each)                                             \
        if (n_each == 1)                                                                                              \
            for (npy_intp c = 0; c < depth; c++)                                                                      \
                dw[c] += g[c] * x[c];                                                                                 \
        else                                                                                                          \
            for (npy_intp c = 0; c < depth; c++)                                                                      \
                for (npy_intp k = 0; k < n_each; k++)                                                                 \
                    dw[c * n_each + k] += g[c * n_each + k] * x[c];                                                   \
}                                                                                                                     \
static void depthwise_rows_##N(void *ctx, npy_intp start, npy_intp stop)                                              \
{                                                                                                                     \
    const depthwise_job *job = (const depthwise_job *)ctx;                                                            \
    const conv_shape *s = job->s;                                                                                     \
    const npy_intp n_each = s->out_depth / s->depth, line = s->cols * s->out_depth;                                   \
    for (npy_intp r = start; r < stop; r++) {                                                                         \
        const npy_intp n = r / s->rows, y = r % s->rows;                                                              \
        T *out = (T *)job->out + r * line;                                                                            \
        memset(out, 0, line * sizeof(T));                                                                             \
        for (npy_intp i = 0; i < s->window[0]; i++) {                                                                 \
            const npy_intp row = y * s->stride[0] + i * s->dilation[0] - s->before[0];                                \
            for (npy_intp j = 0; row >= 0 && row < s->height && j < s->window[1]; j++) {                              \
                npy_intp first, last;                                                                                 \
                columns_inside(s, j, &first, &last);                                                                  \
                if (first < last)                                                                                     \
                    depthwise_add_##N(                                                                                \
                        out + first * s->out_depth,                                                                   \
                        (const T *)job->image + ((n * s->height + row) * s->width + first * s->stride[1]              \
                                                 + j * s->dilation[1] - s->before[1]) * s->depth,                     \
                        (const T *)job->filter + (i * s->window[1] + j) * s->out_depth, last - first,                 \
                        s->stride[1] * s->depth, s->depth, n_each);                                                   \
            }                                                                                                         \
        }                                                                                                             \
    }                                                                                                                 \
}                                                                                                                     \
static void depthwise_images_##N(void *ctx, npy_intp start, npy_intp stop)                                            \
{                                                                                                                     \
    const depthwise_job *job = (const depthwise_job *)ctx;                                                            \
    const conv_shape *s = job->s;                                                                                     \
    const npy_intp n_each = s->out_depth / s->depth, size = s->height * s->width * s->depth;                          \
    for (npy_intp n = start; n < stop; n++) {                                                                         \
        T *dx = (T *)job->out + n * size;                                                                             \
        memset(dx, 0, size * sizeof(T));                                                                              \
        for (npy_intp y = 0; y < s->rows; y++)                                                                        \
            for (npy_intp i = 0; i < s->window[0]; i++) {                                                             \
                const npy_intp row = y * s->stride[0] + i * s->dilation[0] - s->before[0];                            \
                for (npy_intp j = 0; row >= 0 && row < s->height && j < s->window[1]; j++) {                          \
                    npy_intp first, last;                                                                             \
                    columns_inside(s, j, &first, &last);                                                              \
                    if (first < last)                                                                                 \
                        depthwise_back_##N(                                                                           \
                            dx + (row * s->width + first * s->stride[1] + j * s->dilation[1] - s->before[1])          \
                                     * s->depth,                                                                      \
                            (const T *)job->grad + ((n * s->rows + y) * s->cols + first) * s->out_depth,              \
                            (const T *)job->filter + (i * s->window[1] + j) * s->out_depth, last - first,             \
                            s->stride[1] * s->depth, s->depth, n_each);                                               \
                }                                                                                                     \
            }                                                                                                         \
    }                                                                                                                 \
}                                                                                                                     \
static void depthwise_parts_##N(void *ctx, npy_intp start, npy_intp stop)                                             \
{                                                                                                                     \
    depthwise_job *job = (depthwise_job *)ctx;                                                                        \
    const conv_shape *s = job->s;                                                                                     \
    const npy_intp n_each = s->out_depth / s->depth, n_taps = s->window[0] * s->window[1];                            \
    const npy_intp n_rows = s->batch * s->rows;                                                                       \
    T *row_sum = (T *)malloc(s->out_depth * sizeof(T));  /* of one row: sums of sums lose less */                     \
    if (row_sum == NULL)                                                                                              \
        job->failed = 1;                                                                                              \
    for (npy_intp part = start; part < stop && row_sum != NULL; part++) {                                             \
        T *out = (T *)job->out + part * n_taps * s->out_depth;                                                        \
        memset(out, 0, n_taps * s->out_depth * sizeof(T));                                                            \
        for (npy_intp r = n_rows * part / job->n_parts; r < n_rows * (part + 1) / job->n_parts; r++)                  \
            for (npy_intp t = 0; t < n_taps; t++) {                                                                   \
                const npy_intp j = t % s->window[1], n = r / s->rows, y = r % s->rows;                                \
                const npy_intp row = y * s->stride[0] + t / s->window[1] * s->dilation[0] - s->before[0];             \
                npy_intp first, last;                                                                                 \
                columns_inside(s, j, &first, &last);                                                                  \
                if (row < 0 || row >= s->height || first >= last)                                                     \
                    continue;                                                                                         \
                memset(row_sum, 0, s->out_depth * sizeof(T));                                                         \
                depthwise_sum_##N(                                                                                    \
                    row_sum, (const T *)job->grad + (r * s->cols + first) * s->out_depth,                             \
                    (const T *)job->image + ((n * s->height + row) * s->width + first * s->stride[1]                  \
                                             + j * s->dilation[1] - s->before[1]) * s->depth,                         \
                    last - first, s->stride[1] * s->depth, s->depth, n_each);                                         \
                for (npy_intp c = 0; c < s->out_depth; c++)                                                           \
                    out[t * s->out_depth + c] += row_sum[c];                                                          \
            }                                                                                                         \
    }                                                                                                                 \
    free(row_sum);                                                                                                    \
}

DEPTHWISE_DEFINE(float, f32)
DEPTHWISE_DEFINE(double, f64)

/* What a unit of work costs, in units that are worth a thread. */
static npy_intp depthwise_grain(const conv_shape *s, npy_intp n_rows)
{
    return 100000 / (n_rows * s->cols * s->out_depth * s->window[0] * s->window[1] + 1) + 1;
}

static void depthwise_forward(const conv_shape *s, const char *image, const char *filter, char *out)
{
    depthwise_job job = {s, image, filter, NULL, out, 0, 0};
    parallel_for(s->is_double ? depthwise_rows_f64 : depthwise_rows_f32, &job, s->batch * s->rows,
                 depthwise_grain(s, 1));
}

static void depthwise_backward_input(const conv_shape *s, const char *filter, const char *grad, char *out)
{
    depthwise_job job = {s, NULL, filter, grad, out, 0, 0};
    parallel_for(s->is_double ? depthwise_images_f64 : depthwise_images_f32, &job, s->batch,
                 depthwise_grain(s, s->rows));
}

/* 0: done; -1: no memory. */
static int depthwise_backward_filter(const conv_shape *s, const char *image, const char *grad, char *out)
{
    const npy_intp n_filter = s->window[0] * s->window[1] * s->out_depth, size = s->is_double ? 8 : 4;
    depthwise_job job = {s, image, NULL, grad, NULL, s->batch * s->rows, 0};
    char *parts;
    if (job.n_parts > DEPTHWISE_PARTS)
        job.n_parts = DEPTHWISE_PARTS;
    parts = (char *)malloc(job.n_parts * n_filter * size);
    if (parts == NULL)
        return -1;
    job.out = parts;
    parallel_for(s->is_double ? depthwise_parts_f64 : depthwise_parts_f32, &job, job.n_parts,
                 depthwise_grain(s, s->batch * s->rows / job.n_parts));
    memcpy(out, parts, n_filter * size);
    for (npy_intp part = 1; part < job.n_parts; part++)
        add_to(out, parts + part * n_filter * size, n_filter, s->is_double);
    free(parts);
    return job.failed ? -1 : 0;
}

#endif
