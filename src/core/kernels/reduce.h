/* Sums, products and extrema over contiguous memory, for rows and for columns.
 *
 *   reduce_rows[op][type](x, n)                      one number from n neighbours
 *   reduce_columns[op][type](out, x, rows, step, n)  n numbers, each from `rows` elements that are `step` apart
 *
 * Sums are pairwise: neighbours are added in lanes, blocks of lanes in halves, so that the error grows with the
 * logarithm of the count. The lanes are as many on every machine, and so is the result. Extrema keep NaN.
 * `step` and `n` count elements; n is at most REDUCE_WIDTH for columns.
 */
#ifndef PYSCOPE_REDUCE_H
#define PYSCOPE_REDUCE_H

#include <string.h>
#include <numpy/npy_common.h>
#include "simd.h"

enum { REDUCE_SUM, REDUCE_PROD, REDUCE_MAX, REDUCE_MIN, REDUCE_SQUARES, REDUCE_OPS };
enum { REDUCE_F32, REDUCE_F64, REDUCE_I32, REDUCE_I64, REDUCE_U8, REDUCE_TYPES };
enum { REDUCE_WIDTH = 2048, REDUCE_BLOCK = 2048, REDUCE_ROWS = 64, REDUCE_FEW = 64 };

#define R_ADD(a, x) ((a) + (x))
#define R_MUL(a, x) ((a) * (x))
#define R_MAX(a, x) ((a) >= (x) ? (a) : (x))
#define R_MIN(a, x) ((a) <= (x) ? (a) : (x))
#define R_FMAX(a, x) ((a) >= (x) || (a) != (a) ? (a) : (x))
#define R_FMIN(a, x) ((a) <= (x) || (a) != (a) ? (a) : (x))
#define R_SAME(x) (x)
#define R_SQUARE(x) ((x) * (x))

#define R_LANES 64

/* LANES numbers side by side; the compiler makes vectors of them. */
#define REDUCE_DEFINE(NAME, T, OP, MAP)                                                                      \
PYSCOPE_CLONES static T NAME##_block(const T *x, npy_intp n)                                                 \
{                                                                                                            \
    T lanes[R_LANES], total;                                                                                 \
    npy_intp i = 0;                                                                                          \
    int k, half;                                                                                             \
    if (n < 2 * R_LANES) {                                                                                   \
        total = MAP(x[0]);                                                                                   \
        for (i = 1; i < n; i++) total = OP(total, MAP(x[i]));                                                \
        return total;                                                                                        \
    }                                                                                                        \
    for (k = 0; k < R_LANES; k++) lanes[k] = MAP(x[k]);                                                      \
    for (i = R_LANES; i + R_LANES <= n; i += R_LANES)                                                        \
        for (k = 0; k < R_LANES; k++) lanes[k] = OP(lanes[k], MAP(x[i + k]));                                \
    for (k = 0; i < n; i++, k++) lanes[k] = OP(lanes[k], MAP(x[i]));                                         \
    for (half = R_LANES / 2; half; half /= 2)                                                                \
        for (k = 0; k < half; k++) lanes[k] = OP(lanes[k], lanes[k + half]);                                 \
    return lanes[0];                                                                                         \
}                                                                                                            \
static T NAME##_run(const T *x, npy_intp n)                                                                  \
{                                                                                                            \
    npy_intp half;                                                                                           \
    T first, second;                                                                                         \
    if (n <= REDUCE_BLOCK) return NAME##_block(x, n);                                                        \
    half = (n / 2 + REDUCE_BLOCK - 1) / REDUCE_BLOCK * REDUCE_BLOCK;                                         \
    first = NAME##_run(x, half);                                                                             \
    second = NAME##_run(x + half, n - half);                                                                 \
    return OP(first, second);                                                                                \
}                                                                                                            \
static void NAME##_row(void *out, const void *x, npy_intp n) { *(T *)out = NAME##_run((const T *)x, n); }     \
PYSCOPE_CLONES static void NAME##_few(T *restrict out, const T *restrict x, npy_intp rows, npy_intp step,    \
                                      npy_intp n)                                                            \
{                                                                                                            \
    npy_intp i, j;                                                                                           \
    for (j = 0; j < n; j++) out[j] = MAP(x[j]);                                                              \
    for (i = 1; i + 4 <= rows; i += 4) {                                                                     \
        const T *restrict a = x + i * step, *restrict b = a + step, *restrict c = b + step;                  \
        const T *restrict d = c + step;                                                                      \
        for (j = 0; j < n; j++) {                                                                            \
            T p = MAP(a[j]), q = MAP(c[j]), r = MAP(b[j]), s = MAP(d[j]);                                    \
            p = OP(p, r);                                                                                    \
            q = OP(q, s);                                                                                    \
            p = OP(p, q);                                                                                    \
            out[j] = OP(out[j], p);                                                                          \
        }                                                                                                    \
    }                                                                                                        \
    for (; i < rows; i++) {                                                                                  \
        const T *restrict a = x + i * step;                                                                  \
        for (j = 0; j < n; j++) {                                                                            \
            T p = MAP(a[j]);                                                                                 \
            out[j] = OP(out[j], p);                                                                          \
        }                                                                                                    \
    }                                                                                                        \
}                                                                                                            \
static void NAME##_columns(void *out, const void *x, npy_intp rows, npy_intp step, npy_intp n)               \
{                                                                                                            \
    T rest[REDUCE_WIDTH];                                                                                    \
    npy_intp half, j;                                                                                        \
    if (n == step && n <= REDUCE_FEW && rows >= 4 * REDUCE_WIDTH / n) {                                      \
        /* Few columns: some rows behind each other are as one, whose parts are joined in the end. */        \
        npy_intp joined = REDUCE_WIDTH / 4 / n;                                                              \
        const npy_intp left = rows % joined;                                                                 \
        NAME##_columns(rest, x, rows / joined, joined * n, joined * n);                                      \
        for (j = 0; j < left * n; j++) {                                                                     \
            T p = MAP(((const T *)x)[(rows - left) * n + j]);                                                \
            rest[j] = OP(rest[j], p);                                                                        \
        }                                                                                                    \
        for (; joined > 1; joined = half) {                                                                  \
            half = (joined + 1) / 2;                                                                         \
            for (j = 0; j < (joined - half) * n; j++) rest[j] = OP(rest[j], rest[j + half * n]);             \
        }                                                                                                    \
        for (j = 0; j < n; j++) ((T *)out)[j] = rest[j];                                                     \
        return;                                                                                              \
    }                                                                                                        \
    if (rows <= REDUCE_ROWS) {                                                                               \
        NAME##_few((T *)out, (const T *)x, rows, step, n);                                                   \
        return;                                                                                              \
    }                                                                                                        \
    half = (rows / 2 + REDUCE_ROWS - 1) / REDUCE_ROWS * REDUCE_ROWS;                                         \
    NAME##_columns(out, x, half, step, n);                                                                   \
    NAME##_columns(rest, (const T *)x + half * step, rows - half, step, n);                                  \
    for (j = 0; j < n; j++) ((T *)out)[j] = OP(((T *)out)[j], rest[j]);                                      \
}

REDUCE_DEFINE(sum_f32, float, R_ADD, R_SAME)
REDUCE_DEFINE(sum_f64, double, R_ADD, R_SAME)
REDUCE_DEFINE(sum_i32, npy_uint32, R_ADD, R_SAME)
REDUCE_DEFINE(sum_i64, npy_uint64, R_ADD, R_SAME)
REDUCE_DEFINE(prod_f32, float, R_MUL, R_SAME)
REDUCE_DEFINE(prod_f64, double, R_MUL, R_SAME)
REDUCE_DEFINE(prod_i32, npy_uint32, R_MUL, R_SAME)
REDUCE_DEFINE(prod_i64, npy_uint64, R_MUL, R_SAME)
REDUCE_DEFINE(max_f32, float, R_FMAX, R_SAME)
REDUCE_DEFINE(max_f64, double, R_FMAX, R_SAME)
REDUCE_DEFINE(max_i32, npy_int32, R_MAX, R_SAME)
REDUCE_DEFINE(max_i64, npy_int64, R_MAX, R_SAME)
REDUCE_DEFINE(max_u8, npy_uint8, R_MAX, R_SAME)
REDUCE_DEFINE(min_f32, float, R_FMIN, R_SAME)
REDUCE_DEFINE(min_f64, double, R_FMIN, R_SAME)
REDUCE_DEFINE(min_i32, npy_int32, R_MIN, R_SAME)
REDUCE_DEFINE(min_i64, npy_int64, R_MIN, R_SAME)
REDUCE_DEFINE(min_u8, npy_uint8, R_MIN, R_SAME)
REDUCE_DEFINE(squares_f32, float, R_ADD, R_SQUARE)
REDUCE_DEFINE(squares_f64, double, R_ADD, R_SQUARE)

typedef void (*reduce_row_fn)(void *out, const void *x, npy_intp n);
typedef void (*reduce_columns_fn)(void *out, const void *x, npy_intp rows, npy_intp step, npy_intp n);

static const reduce_row_fn reduce_rows[REDUCE_OPS][REDUCE_TYPES] = {
    {sum_f32_row, sum_f64_row, sum_i32_row, sum_i64_row, 0},
    {prod_f32_row, prod_f64_row, prod_i32_row, prod_i64_row, 0},
    {max_f32_row, max_f64_row, max_i32_row, max_i64_row, max_u8_row},
    {min_f32_row, min_f64_row, min_i32_row, min_i64_row, min_u8_row},
    {squares_f32_row, squares_f64_row, 0, 0, 0},
};

static const reduce_columns_fn reduce_columns[REDUCE_OPS][REDUCE_TYPES] = {
    {sum_f32_columns, sum_f64_columns, sum_i32_columns, sum_i64_columns, 0},
    {prod_f32_columns, prod_f64_columns, prod_i32_columns, prod_i64_columns, 0},
    {max_f32_columns, max_f64_columns, max_i32_columns, max_i64_columns, max_u8_columns},
    {min_f32_columns, min_f64_columns, min_i32_columns, min_i64_columns, min_u8_columns},
    {squares_f32_columns, squares_f64_columns, 0, 0, 0},
};

#endif
