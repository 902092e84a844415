/* Tiles: small blocks of a matrix product, held in vector registers while a long sum runs through them.
 *
 *     by rows      out[p][q] (+)= sum over j < n_outer, k < n of
 *                                 a[a_offsets[j] + p * row + k] * b[b_offsets[j] + k * ldb + q]
 *     by terms     out[p][q] (+)= sum over k < n of a[a_offsets[k] + p] * b[k * ldb + q]
 *
 * The operand `a` is read where it lies: neighbouring rows may overlap, which is what the patches of an image do, so
 * that a convolution needs no copy of them. `b` has whole vectors of columns.
 *
 * GCC's and Clang's vector types become AVX-512, AVX2 or the baseline's registers; the set is chosen once, by what the
 * processor can do. Other compilers get none: `tiles_of` says NULL.
 */
#ifndef PYSCOPE_TILES_H
#define PYSCOPE_TILES_H

#include <numpy/npy_common.h>

typedef struct {
    npy_intp n_outer, n;                 /* terms of the sum */
    npy_intp row;                        /* step in `a` to the next row of the tile */
    npy_intp ldb, ldo;                   /* steps in `b` to the next term, in `out` to the next row */
    const npy_intp *a_offsets, *b_offsets;
    int add;                             /* to what `out` holds */
    const void *bias;                    /* a row to add to each of the result, or NULL */
    int rectify;                         /* negative results are 0 */
    const char *ahead;                   /* memory that will be read later: fetched while the sum runs, */
    npy_intp ahead_step;                 /* so many bytes a term */
} tile_job;

typedef void (*tile_fn)(const tile_job *job, const void *a, const void *b, void *out);

enum { TILE_MAX = 14 };

typedef struct {
    int rows, lanes;                     /* of a full tile; columns of one vector */
    tile_fn tiles[TILE_MAX][2][2];       /* [rows - 1][vectors - 1][by rows] */
} tile_set;

#if defined(__GNUC__)

#define TILE_TARGET
#define PIXELS 6
#define REAL float
#define BITS npy_int32
#define LANES 4
#define TILE(name) name##_f32
#include "tile_body.h"
#define REAL double
#define BITS npy_int64
#define LANES 2
#define TILE(name) name##_f64
#include "tile_body.h"
#undef TILE_TARGET
#undef PIXELS

#if defined(__x86_64__)
#define TILE_TARGET __attribute__((target("avx2,fma")))
#define PIXELS 6
#define REAL float
#define BITS npy_int32
#define LANES 8
#define TILE(name) name##_f32_avx2
#include "tile_body.h"
#define REAL double
#define BITS npy_int64
#define LANES 4
#define TILE(name) name##_f64_avx2
#include "tile_body.h"
#undef TILE_TARGET
#undef PIXELS

#define TILE_TARGET __attribute__((target("avx512f")))
#define PIXELS 14
#define REAL float
#define BITS npy_int32
#define LANES 16
#define TILE(name) name##_f32_avx512
#include "tile_body.h"
#define REAL double
#define BITS npy_int64
#define LANES 8
#define TILE(name) name##_f64_avx512
#include "tile_body.h"
#undef TILE_TARGET
#undef PIXELS
#endif

/* The best tiles for `columns` columns of floats or doubles. */
static const tile_set *tiles_of(int is_double, npy_intp columns)
{
#if defined(__x86_64__)
    const npy_intp half = is_double ? 4 : 8;
    if (__builtin_cpu_supports("avx512f") && columns > half)
        return is_double ? &set_f64_avx512 : &set_f32_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return is_double ? &set_f64_avx2 : &set_f32_avx2;
#else
    (void)columns;
#endif
    return is_double ? &set_f64 : &set_f32;
}

#else

static const tile_set *tiles_of(int is_double, npy_intp columns)
{
    (void)is_double;
    (void)columns;
    return NULL;
}

#endif
#endif
