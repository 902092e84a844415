/* Products of matrices of floats or doubles, by tiles: c = a b, c = c + a b, each plus a row if wanted,
 * and rectified.
 *
 * A tile of c, 14 rows by two vectors with AVX-512, stays in registers while its sum runs over a block of at most
 * GEMM_DEPTH terms; the sums of the blocks are added in order. So an element depends neither on the tile it is in nor
 * on how the product is split over threads.
 *
 *   for each block of terms, for each block of rows           a's block lies in the second cache
 *     for each strip of columns, two vectors wide             b's strip lies in the first
 *       for each tile of rows
 *
 * A factor is read where it lies unless that is the wrong way round, or its rows are so far apart that few of the
 * cache's sets would hold them; then strips of it are copied first, with zeros behind the last column. If b lies the
 * wrong way round and is large, the transposed product is made instead, whose tiles are turned when they are stored.
 */
#ifndef PYSCOPE_GEMM_H
#define PYSCOPE_GEMM_H

#include <stdlib.h>
#include <string.h>

#include <numpy/npy_common.h>

#include "pool.h"

typedef struct {                         /* a product; steps are elements */
    npy_intp m, n, k;                    /* rows, columns, terms */
    npy_intp a_row, a_term, b_term, b_col, c_row, c_col;
    const char *a, *b;
    char *c;
    int is_double, add;                  /* add: to what c holds */
    const char *bias;                    /* a row to add, or NULL */
    int relu;                            /* then what is below 0 becomes 0 */
} gemm_job;

typedef struct {                         /* what a tile needs to know */
    npy_intp k, a_row, a_term, b_term, c_row;
    const char *ahead;                   /* memory to fetch meanwhile, */
    npy_intp ahead_step;                 /* with a step of so many bytes for two terms */
    const void *bias;
    int add, relu;
} gemm_tile;

typedef void (*gemm_fn)(const gemm_tile *t, const void *a, const void *b, void *c);

enum { GEMM_MOST = 14 };                 /* rows of a tile */

typedef struct {
    int rows, lanes;                     /* of a full tile; columns of one vector */
    void (*strip)(void *to, const void *from, npy_intp n, npy_intp ld);
    gemm_fn tiles[GEMM_MOST][2][2];      /* [rows - 1][vectors - 1][terms of a lie together] */
} gemm_set;

/* What follows a product, for `n` elements: y = before + y, y = y + row, what is below 0 becomes 0. */
static void gemm_finish(void *y, const void *before, const void *row, npy_intp n, int relu, int is_double)
{
    if (is_double)
        for (npy_intp i = 0; i < n; i++) {
            double e = ((double *)y)[i];
            e = before != NULL ? ((const double *)before)[i] + e : e;
            e = row != NULL ? e + ((const double *)row)[i] : e;
            ((double *)y)[i] = relu && e < 0 ? 0 : e;
        }
    else
        for (npy_intp i = 0; i < n; i++) {
            float e = ((float *)y)[i];
            e = before != NULL ? ((const float *)before)[i] + e : e;
            e = row != NULL ? e + ((const float *)row)[i] : e;
            ((float *)y)[i] = relu && e < 0 ? 0 : e;
        }
}

#if defined(__GNUC__)

#define GEMM_OPAQUE(pointer) __asm__("" : "+r"(pointer))

#define GEMM_TARGET
#define ROWS 6
#define REAL float
#define BITS int
#define LANES 4
#define GEMM(name) gemm_##name##_f32
#include "gemm_body.h"
#define REAL double
#define BITS long long
#define LANES 2
#define GEMM(name) gemm_##name##_f64
#include "gemm_body.h"
#undef GEMM_TARGET
#undef ROWS

#if defined(__x86_64__)
#include <immintrin.h>

#define GEMM_TARGET __attribute__((target("avx2,fma")))
#define ROWS 6
#define REAL float
#define BITS int
#define LANES 8
#define GEMM(name) gemm_##name##_f32_avx2
#include "gemm_body.h"
#define REAL double
#define BITS long long
#define LANES 4
#define GEMM(name) gemm_##name##_f64_avx2
#include "gemm_body.h"
#undef GEMM_TARGET
#undef ROWS

#define GEMM_TARGET __attribute__((target("avx512f")))
#define ROWS 14
#define REAL float
#define BITS int
#define LANES 16
#define GEMM(name) gemm_##name##_f32_avx512
#include "gemm_body.h"
#define REAL double
#define BITS long long
#define LANES 8
#define GEMM(name) gemm_##name##_f64_avx512
#include "gemm_body.h"
#undef GEMM_TARGET
#undef ROWS

/* 16 x 16 floats, rows and columns exchanged; rows from `rows` on are 0, columns from `cols` on are not touched and
 * give no row. `keep`: as many elements of each row are stored. */
__attribute__((target("avx512f"))) static void
gemm_turn_block(float *to, npy_intp to_ld, const float *from, npy_intp ld, int rows, int cols, int keep)
{
    __m512 r[16], t[16];
    const __mmask16 wide = (__mmask16)((1u << cols) - 1), kept = (__mmask16)((1u << keep) - 1);
    for (int i = 0; i < 16; i++)
        r[i] = i < rows ? _mm512_maskz_loadu_ps(wide, from + i * ld) : _mm512_setzero_ps();
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(t[i]), _mm512_castps_pd(t[i + 2])));
        r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(t[i]), _mm512_castps_pd(t[i + 2])));
        r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(t[i + 1]), _mm512_castps_pd(t[i + 3])));
        r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(t[i + 1]), _mm512_castps_pd(t[i + 3])));
    }
    for (int i = 0; i < 4; i++) {        /* quarters: rows 4j + i of r have columns i, 4 + i, 8 + i, 12 + i */
        t[i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0x88);
        t[4 + i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0xdd);
        t[8 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0x88);
        t[12 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0x88);
        r[8 + i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0xdd);
        r[4 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0x88);
        r[12 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0xdd);
    }
    for (int i = 0; i < cols; i++)
        _mm512_mask_storeu_ps(to + i * to_ld, kept, r[i]);
}
#endif

static int gemm_level = 2;               /* for tests: 1 leaves AVX-512 out, 0 AVX2, too */

static const gemm_set *gemm_tiles_of(int is_double)
{
#if defined(__x86_64__)
    if (gemm_level > 1 && __builtin_cpu_supports("avx512f"))
        return is_double ? &gemm_set_f64_avx512 : &gemm_set_f32_avx512;
    if (gemm_level > 0 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return is_double ? &gemm_set_f64_avx2 : &gemm_set_f32_avx2;
#endif
    return is_double ? &gemm_set_f64 : &gemm_set_f32;
}

enum {
    GEMM_DEPTH = 256,                    /* terms of a block */
    GEMM_BLOCK = 1 << 19,                /* bytes of a block of a */
    GEMM_NEAR = 1 << 20,                 /* bytes of results that stay in the second cache */
    GEMM_PAGE = 4096,
    GEMM_STACK = 16384,                  /* bytes of a copied strip that need no allocation */
};

/* to[col * to_ld + row] = from[row * ld + col]; elements of `to` from `rows` up to `keep` are 0. */
static void gemm_turn(char *to, npy_intp to_ld, const char *from, npy_intp ld, npy_intp rows, npy_intp cols,
                      npy_intp keep, int is_double)
{
#if defined(__x86_64__)
    if (!is_double && __builtin_cpu_supports("avx512f")) {
        for (npy_intp c = 0; c < cols; c += 16)
            for (npy_intp r = 0; r < keep; r += 16)
                gemm_turn_block((float *)to + c * to_ld + r, to_ld, (const float *)from + r * ld + c, ld,
                                rows - r > 16 ? 16 : rows > r ? (int)(rows - r) : 0, cols - c > 16 ? 16 : (int)(cols - c),
                                keep - r > 16 ? 16 : (int)(keep - r));
        return;
    }
#endif
    for (npy_intp c0 = 0; c0 < cols; c0 += 16) {
        const npy_intp c1 = c0 + 16 < cols ? c0 + 16 : cols;
        for (npy_intp r = 0; r < rows; r++)
            for (npy_intp c = c0; c < c1; c++)
                if (is_double)
                    ((double *)to)[c * to_ld + r] = ((const double *)from)[r * ld + c];
                else
                    ((float *)to)[c * to_ld + r] = ((const float *)from)[r * ld + c];
        if (keep > rows)
            for (npy_intp c = c0; c < c1; c++)
                memset(to + (c * to_ld + rows) * (is_double ? 8 : 4), 0, (keep - rows) * (is_double ? 8 : 4));
    }
}

/* k terms of `width` rows or columns of a factor, so that those of one term lie together, `strip` in all. */
static void gemm_pack(char *to, const char *from, npy_intp k, npy_intp width, npy_intp strip, npy_intp term,
                      npy_intp step, int is_double, const gemm_set *set)
{
    const npy_intp size = is_double ? 8 : 4;
    if (step != 1 && term == 1) {
        gemm_turn(to, strip, from, step, width, k, strip, is_double);
        return;
    }
    if (step != 1) {
        for (npy_intp i = 0; i < k; i++, to += strip * size, from += term * size) {
            for (npy_intp j = 0; j < width; j++)
                memcpy(to + j * size, from + j * step * size, size);
            memset(to + width * size, 0, (strip - width) * size);
        }
        return;
    }
    if (width == strip && width == 2 * set->lanes) {
        set->strip(to, from, k, term);
        return;
    }
    for (npy_intp i = 0; i < k; i++, to += strip * size, from += term * size) {
        memcpy(to, from, width * size);
        if (strip > width)
            memset(to + width * size, 0, (strip - width) * size);
    }
}

/* A tile that is not stored as a whole, or the other way round. */
static void gemm_part(const gemm_job *g, const gemm_tile *t, gemm_fn tile, const char *a, const char *b, char *c,
                      npy_intp rows, npy_intp cols, npy_intp wide)
{
    double part[GEMM_MOST * 2 * 16];
    const npy_intp size = g->is_double ? 8 : 4;
    gemm_tile inner = *t;
    inner.c_row = wide;
    inner.bias = NULL;
    inner.relu = 0;
    if (t->add) {
        if (g->c_col != 1)
            gemm_turn((char *)part, wide, c, g->c_col, cols, rows, wide, g->is_double);
        else
            for (npy_intp r = 0; r < rows; r++)
                memcpy((char *)part + r * wide * size, c + r * g->c_row * size, cols * size);
    }
    tile(&inner, a, b, part);
    if (t->bias != NULL || t->relu)
        for (npy_intp r = 0; r < rows; r++)
            gemm_finish((char *)part + r * wide * size, NULL, t->bias, cols, t->relu, g->is_double);
    if (g->c_col != 1)
        gemm_turn(c, g->c_col, (char *)part, wide, rows, cols, rows, g->is_double);
    else
        for (npy_intp r = 0; r < rows; r++)
            memcpy(c + r * g->c_row * size, (char *)part + r * wide * size, cols * size);
}

static npy_intp gemm_round(npy_intp n, npy_intp to) { return (n + to - 1) / to * to; }

/* All of a product, in this thread. 1: done; 0: no memory, and c holds anything.
 *
 * Measured on a Xeon with 2 MB of second cache: copying `b` pays from six tiles of rows on; copying `a` only if its rows
 * are whole pages apart, or its terms are and there are many, and many strips use the copy. */
static int gemm_serial(const gemm_job *g, const gemm_set *set)
{
    const npy_intp size = g->is_double ? 8 : 4, strip = 2 * set->lanes, panel = gemm_round(set->rows, 16);
    const npy_intp n_blocks = g->k > GEMM_DEPTH ? (g->k + GEMM_DEPTH - 1) / GEMM_DEPTH : 1;
    const npy_intp depth = (g->k + n_blocks - 1) / n_blocks;
    const int by_row = g->a_term == 1, often = (g->n + strip - 1) / strip >= 8 && g->m > 2 * set->rows;
    const int pack_a = (g->a_row != 1 && g->a_term != 1)
        || (often && (by_row ? g->a_row * size % GEMM_PAGE == 0 : g->k > 64 && g->a_term * size >= GEMM_PAGE / 2));
    npy_intp block = GEMM_BLOCK / (depth * size + 1);
    char near[GEMM_STACK + 64], *a_packed = NULL, *b_packed = NULL;
    if (g->m <= 0 || g->n <= 0)
        return 1;
    if (n_blocks == 1 && g->k * g->n * size <= GEMM_BLOCK && g->m * g->n * size > GEMM_NEAR)
        block = 2 * set->rows;           /* more results than the cache holds are written a few rows at a time */
    if (block < set->rows)
        block = set->rows;
    block = gemm_round((g->m - 1) / ((g->m + block - 1) / block) + 1, set->rows);
    if (block > g->m)
        block = g->m;
    const npy_intp n_tiles = (block + set->rows - 1) / set->rows;
    const int pack_b = g->b_col != 1 || n_tiles >= 6;
    if (pack_b || g->n % set->lanes != 0) {
        if (depth * strip * size <= GEMM_STACK)
            b_packed = near;
        else if ((b_packed = (char *)malloc(depth * strip * size + 64)) == NULL)
            return 0;
    }
    if (pack_a && (a_packed = (char *)malloc(n_tiles * panel * depth * size + 64)) == NULL) {
        if (b_packed != near)
            free(b_packed);
        return 0;
    }
    char *const a_store = (char *)(((size_t)a_packed + 63) & ~(size_t)63);
    char *const b_store = (char *)(((size_t)b_packed + 63) & ~(size_t)63);
    for (npy_intp q = 0; q < n_blocks; q++) {
        const npy_intp k0 = g->k * q / n_blocks, k = g->k * (q + 1) / n_blocks - k0;
        for (npy_intp m0 = 0; m0 < g->m; m0 += block) {
            const npy_intp m = g->m - m0 < block ? g->m - m0 : block, tiles = (m + set->rows - 1) / set->rows;
            const char *a = g->a + (m0 * g->a_row + k0 * g->a_term) * size;
            if (pack_a)
                for (npy_intp i = 0; i < tiles; i++) {
                    const npy_intp row = m * i / tiles, rows = m * (i + 1) / tiles - row;
                    gemm_pack(a_store + i * panel * k * size, a + row * g->a_row * size, k, rows, panel, g->a_term,
                              g->a_row, g->is_double, set);
                }
            for (npy_intp j = 0; j < g->n; j += strip) {
                const npy_intp cols = g->n - j < strip ? g->n - j : strip;
                const int vectors = cols > set->lanes ? 2 : 1;
                const npy_intp wide = vectors * set->lanes;
                const char *b = g->b + (k0 * g->b_term + j * g->b_col) * size;
                const char *next = j + strip < g->n ? b + strip * size : b + (k * g->b_term - j) * size;
                gemm_tile t = {k, pack_a ? 1 : g->a_row, pack_a ? panel : g->a_term, g->b_term, g->c_row, NULL, 0, NULL,
                               g->add || q > 0, g->relu && q == n_blocks - 1};
                if (g->bias != NULL && q == n_blocks - 1)
                    t.bias = g->bias + j * size;
                if (pack_b || cols < wide) {
                    gemm_pack(b_store, b, k, cols, wide, g->b_term, g->b_col, g->is_double, set);
                    b = b_store;
                    t.b_term = wide;
                }
                for (npy_intp i = 0; i < tiles; i++) {
                    const npy_intp row = m * i / tiles, rows = m * (i + 1) / tiles - row;
                    const gemm_fn tile = set->tiles[rows - 1][vectors - 1][!pack_a && by_row];
                    const char *from = pack_a ? a_store + i * panel * k * size : a + row * g->a_row * size;
                    char *to = g->c + ((m0 + row) * g->c_row + j * g->c_col) * size;
                    /* Four tiles fetch the next strip together: one of two lines of every other row. */
                    t.ahead = b;
                    t.ahead_step = 0;
                    if (i < 4 && g->b_col == 1) {
                        t.ahead = next + (i & 1) * 64 + (i >> 1) * (k / 2) * g->b_term * size;
                        t.ahead_step = g->b_term * size;
                    }
                    if (cols == wide && g->c_col == 1)
                        tile(&t, from, b, to);
                    else
                        gemm_part(g, &t, tile, from, b, to, rows, cols, wide);
                }
            }
        }
    }
    free(a_packed);
    if (b_packed != near)
        free(b_packed);
    return 1;
}

/* Cycles, about: half of one for a vector of a term, and for an element that is copied or stored the other way round. */
static double gemm_cost(npy_intp m, npy_intp n, npy_intp k, int turn_b, int turn_c, const gemm_set *set)
{
    const double vectors = (n + set->lanes - 1) / set->lanes;
    return .5 * m * vectors * k + (turn_b ? .5 * n * k : 0) + (turn_c ? .5 * m * n : 0);
}

/* Make it the transposed product, c^T = b^T a^T, if that costs less; the values are the same. */
static int gemm_orient(gemm_job *g, const gemm_set *set)
{
    const gemm_job own = *g;
    if (g->bias != NULL || gemm_cost(g->m, g->n, g->k, g->b_col != 1, g->c_col != 1, set)
                               <= gemm_cost(g->n, g->m, g->k, g->a_row != 1, g->c_row != 1, set))
        return 0;
    g->m = own.n;
    g->n = own.m;
    g->a = own.b;
    g->b = own.a;
    g->a_row = own.b_col;
    g->a_term = own.b_term;
    g->b_term = own.a_term;
    g->b_col = own.a_row;
    g->c_row = own.c_col;
    g->c_col = own.c_row;
    return 1;
}

/* ------------------------------------------------------------- in several threads */

enum { GEMM_GRAIN = 1 << 20 };           /* products of two elements that are worth a thread */

typedef struct {
    gemm_job job;
    const gemm_set *set;
    npy_intp n, width;                   /* of the side that is cut */
    npy_intp a_next, b_next, c_next;     /* bytes from one product of a batch to the next */
    int by_columns, failed;
} gemm_work;

static void gemm_pieces(void *ctx, npy_intp start, npy_intp stop)
{
    gemm_work *w = (gemm_work *)ctx;
    gemm_job g = w->job;
    const npy_intp size = g.is_double ? 8 : 4, first = start * w->width;
    const npy_intp n = (stop * w->width < w->n ? stop * w->width : w->n) - first;
    if (w->by_columns) {
        g.n = n;
        g.b += first * g.b_col * size;
        g.c += first * g.c_col * size;
        if (g.bias != NULL)
            g.bias += first * size;
    } else {
        g.m = n;
        g.a += first * g.a_row * size;
        g.c += first * g.c_row * size;
    }
    if (!gemm_serial(&g, w->set))
        w->failed = 1;
}

static void gemm_calls(void *ctx, npy_intp start, npy_intp stop)
{
    gemm_work *w = (gemm_work *)ctx;
    gemm_job g = w->job;
    for (npy_intp i = start; i < stop; i++) {
        g.a = w->job.a + i * w->a_next;
        g.b = w->job.b + i * w->b_next;
        g.c = w->job.c + i * w->c_next;
        if (!gemm_serial(&g, w->set))
            w->failed = 1;
    }
}

/* Whether a product is made here: BLAS makes large ones of all three sides as fast, reads matrices of which little is
 * used once faster (one row or column), and is the better choice where no tiles have been measured. */
static int gemm_takes(npy_intp m, npy_intp n, npy_intp k, int is_double)
{
    const double work = (double)m * n * k;
    if (work <= 4096)
        return 1;
    if (gemm_tiles_of(is_double)->lanes < (is_double ? 4 : 8))
        return 0;
    if (m == 1 || n == 1)
        return work <= 32768;
    return is_double ? work < 1e8 : m < 704 || n < 704 || k < 704;
}

/* `count` products whose factors are so many bytes apart. 1: done; 0: no memory, and c holds anything. */
static int gemm_run(const gemm_job *job, npy_intp count, npy_intp a_next, npy_intp b_next, npy_intp c_next)
{
    gemm_work w;
    const double one = (double)job->m * job->n * job->k;
    int turned;
    w.set = gemm_tiles_of(job->is_double);
    w.job = *job;
    turned = gemm_orient(&w.job, w.set);
    w.failed = 0;
    w.a_next = turned ? b_next : a_next;
    w.b_next = turned ? a_next : b_next;
    w.c_next = c_next;
    if (count > 1 && pool_limit > 1 && one * count > GEMM_GRAIN) {
        parallel_for(gemm_calls, &w, count, (npy_intp)(GEMM_GRAIN / (one + 1)) + 1);
    } else if (count == 1 && pool_limit > 1 && one >= 2 * GEMM_GRAIN) {
        npy_intp unit, n_pieces = (npy_intp)(one / GEMM_GRAIN);
        w.by_columns = w.job.n >= w.job.m;
        w.n = w.by_columns ? w.job.n : w.job.m;
        unit = w.by_columns ? 2 * w.set->lanes : w.set->rows;
        if (n_pieces > 2 * pool_limit)
            n_pieces = 2 * pool_limit;
        w.width = gemm_round((w.n + n_pieces - 1) / n_pieces, unit);
        parallel_for(gemm_pieces, &w, (w.n + w.width - 1) / w.width, 1);
    } else {
        gemm_calls(&w, 0, count);
    }
    return !w.failed;
}

#else

static int gemm_takes(npy_intp m, npy_intp n, npy_intp k, int is_double)
{
    (void)m, (void)n, (void)k, (void)is_double;
    return 0;
}

static int gemm_run(const gemm_job *job, npy_intp count, npy_intp a_next, npy_intp b_next, npy_intp c_next)
{
    (void)job, (void)count, (void)a_next, (void)b_next, (void)c_next;
    return 0;
}

#endif
#endif
