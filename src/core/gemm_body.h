/* Tiles of a matrix product for one element type and instruction set; gemm.h includes this for each.
 *
 * REAL, LANES    element type, and how many of them a vector holds
 * BITS           integer of its size
 * ROWS           rows of a full tile: as many as the registers hold, with two vectors each
 * GEMM_TARGET    attribute that switches the instruction set on
 * GEMM(name)     `name` with a suffix of the set
 */
typedef REAL GEMM(vec) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
typedef BITS GEMM(bits) __attribute__((vector_size(LANES * sizeof(REAL))));

/* One term of the sum: a column of `a` times a row of `b`. */
GEMM_TARGET static inline __attribute__((always_inline)) void
GEMM(term)(const int P, const int V, const int by_row, GEMM(vec) sum[ROWS][2], const REAL *x, const npy_intp step,
           const REAL *w)
{
    GEMM(vec) column[2];
#pragma GCC unroll 2
    for (int v = 0; v < V; v++)
        column[v] = *(const GEMM(vec) *)(w + v * LANES);
#pragma GCC unroll 16
    for (int p = 0; p < P; p++) {
        /* A pointer for three rows: as many addresses as rows would not fit the registers. */
        const REAL e = by_row ? x[p % 3 * step] : x[p];
        if (by_row && p % 3 == 2)
            x += 3 * step;
#pragma GCC unroll 2
        for (int v = 0; v < V; v++)
            sum[p][v] += e * column[v];
    }
}

/* Called with constants for P rows, V vectors and by_row, the compiler keeps `sum` in registers. */
GEMM_TARGET static inline __attribute__((always_inline)) void
GEMM(tile)(const int P, const int V, const int by_row, const gemm_tile *t, const REAL *a, const REAL *b, REAL *c)
{
    GEMM(vec) sum[ROWS][2];
    const npy_intp step = by_row ? t->a_row : t->a_term, ldb = t->b_term, ldc = t->c_row, next = t->ahead_step;
    const npy_intp forward = by_row ? 1 : step;
    const char *ahead = t->ahead;
    npy_intp k = t->k;
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
#pragma GCC unroll 2
        for (int v = 0; v < V; v++) {
            sum[p][v] = (GEMM(vec)){0};
            __builtin_prefetch(c + p * ldc + v * LANES, 1);
        }
    for (; k >= 2; k -= 2) {
        __builtin_prefetch(ahead, 0, 2);
        ahead += next;
        if (!by_row) {
            __builtin_prefetch(a + 8 * forward);
            __builtin_prefetch(a + 9 * forward);
        }
        GEMM(term)(P, V, by_row, sum, a, step, b);
        a += forward;
        b += ldb;
        GEMM_OPAQUE(a);          /* else the compiler keeps an address for every use of both terms */
        GEMM_OPAQUE(b);
        GEMM(term)(P, V, by_row, sum, a, step, b);
        a += forward;
        b += ldb;
        GEMM_OPAQUE(a);
        GEMM_OPAQUE(b);
    }
    for (; k > 0; k--) {
        GEMM(term)(P, V, by_row, sum, a, step, b);
        GEMM_OPAQUE(a);
    }
    GEMM_OPAQUE(c);
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) {
        GEMM(vec) row = {0};
        if (t->bias != NULL)
            row = *(const GEMM(vec) *)((const REAL *)t->bias + v * LANES);
#pragma GCC unroll 16
        for (int p = 0; p < P; p++) {
            GEMM(vec) *to = (GEMM(vec) *)(c + p * ldc + v * LANES);
            if (t->add)
                sum[p][v] = *to + sum[p][v];
            if (t->bias != NULL)
                sum[p][v] += row;
            if (t->relu)         /* a NaN stays one, and so does -0 */
                sum[p][v] = (GEMM(vec))((GEMM(bits))sum[p][v] & ~(GEMM(bits))(sum[p][v] < (GEMM(vec)){0}));
            *to = sum[p][v];
        }
    }
}

/* Rows of two vectors, copied so that they follow each other. */
GEMM_TARGET static void GEMM(strip)(void *to, const void *from, npy_intp n, npy_intp ld)
{
    GEMM(vec) *out = (GEMM(vec) *)to;
    const REAL *x = (const REAL *)from;
    for (npy_intp i = 0; i < n; i++, x += ld) {
        *out++ = *(const GEMM(vec) *)x;
        *out++ = *(const GEMM(vec) *)(x + LANES);
    }
}

#define ONE(P, V, R)                                                                                              \
    GEMM_TARGET static void GEMM(tile_##P##_##V##_##R)(const gemm_tile *t, const void *a, const void *b, void *c)  \
    {                                                                                                             \
        GEMM(tile)(P, V, R, t, (const REAL *)a, (const REAL *)b, (REAL *)c);                                      \
    }
#define ALL(P) ONE(P, 1, 0) ONE(P, 2, 0) ONE(P, 1, 1) ONE(P, 2, 1)
#define ROW(P) {{GEMM(tile_##P##_1_0), GEMM(tile_##P##_1_1)}, {GEMM(tile_##P##_2_0), GEMM(tile_##P##_2_1)}}

ALL(1) ALL(2) ALL(3) ALL(4) ALL(5) ALL(6)
#if ROWS > 6
ALL(7) ALL(8) ALL(9) ALL(10) ALL(11) ALL(12) ALL(13) ALL(14)
#endif

static const gemm_set GEMM(set) = {ROWS, LANES, GEMM(strip), {
    ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6),
#if ROWS > 6
    ROW(7), ROW(8), ROW(9), ROW(10), ROW(11), ROW(12), ROW(13), ROW(14)
#endif
}};

#undef ONE
#undef ALL
#undef ROW
#undef REAL
#undef BITS
#undef LANES
#undef GEMM
