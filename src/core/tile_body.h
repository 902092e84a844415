/* One set of tiles; tiles.h includes this for each element type and instruction set.
 *
 * REAL, LANES    element type, and how many of them a vector holds
 * BITS           the integer of its size
 * PIXELS         rows of a full tile: as many as the registers hold, with two vectors each
 * TILE_TARGET    attribute that switches the instruction set on
 * TILE(name)     `name` with a suffix of the set
 */
typedef REAL TILE(vec) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
typedef BITS TILE(mask) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));

/* Called with constants for P rows, V vectors and by_row, the compiler keeps `sum` in registers. */
TILE_TARGET static inline __attribute__((always_inline)) void
TILE(tile)(const int P, const int V, const int by_row, const tile_job *job, const REAL *a, const REAL *b, REAL *out)
{
    TILE(vec) sum[PIXELS][2];
    const npy_intp step = job->row, ldb = job->ldb, ahead_step = job->ahead_step;
    const char *ahead = job->ahead;
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
#pragma GCC unroll 2
        for (int v = 0; v < V; v++)
            sum[p][v] = (TILE(vec)){0};
    for (npy_intp j = 0; j < (by_row ? job->n_outer : 1); j++) {
        const REAL *x = by_row ? a + job->a_offsets[j] : NULL;
        const REAL *w = by_row ? b + job->b_offsets[j] : b;
        for (npy_intp k = 0; k < job->n; k++) {
            TILE(vec) column[2];
            const REAL *y = by_row ? x : a + job->a_offsets[k];
#pragma GCC unroll 2
            for (int v = 0; v < V; v++)
                column[v] = *(const TILE(vec) *)(w + v * LANES);
#pragma GCC unroll 16
            for (int p = 0; p < P; p++) {
                /* A pointer for three rows: sixteen addresses would not fit the registers. */
                const REAL e = by_row ? y[p % 3 * step] : y[p];
                if (by_row && p % 3 == 2)
                    y += 3 * step;
#pragma GCC unroll 2
                for (int v = 0; v < V; v++)
                    sum[p][v] += e * column[v];
            }
            __builtin_prefetch(ahead, 0, 2);
            ahead += ahead_step;
            x += by_row;
            w += ldb;
        }
    }
    if (job->add)
#pragma GCC unroll 16
        for (int p = 0; p < P; p++)
#pragma GCC unroll 2
            for (int v = 0; v < V; v++)
                sum[p][v] += *(const TILE(vec) *)(out + p * job->ldo + v * LANES);
    if (job->bias != NULL)
#pragma GCC unroll 2
        for (int v = 0; v < V; v++) {
            const TILE(vec) bias = *(const TILE(vec) *)((const REAL *)job->bias + v * LANES);
#pragma GCC unroll 16
            for (int p = 0; p < P; p++)
                sum[p][v] += bias;
        }
    if (job->rectify)
#pragma GCC unroll 16
        for (int p = 0; p < P; p++)
#pragma GCC unroll 2
            for (int v = 0; v < V; v++)          /* a NaN stays one */
                sum[p][v] = (TILE(vec))(~(TILE(mask))(sum[p][v] < 0) & (TILE(mask))sum[p][v]);
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
#pragma GCC unroll 2
        for (int v = 0; v < V; v++)
            *(TILE(vec) *)(out + p * job->ldo + v * LANES) = sum[p][v];
}

#define ONE(P, V, R)                                                                                            \
    TILE_TARGET static void TILE(tile_##P##_##V##_##R)(const tile_job *job, const void *a, const void *b, void *out) \
    {                                                                                                           \
        TILE(tile)(P, V, R, job, (const REAL *)a, (const REAL *)b, (REAL *)out);                                \
    }
#define ALL(P) ONE(P, 1, 0) ONE(P, 2, 0) ONE(P, 1, 1) ONE(P, 2, 1)
#define ROW(P) {{TILE(tile_##P##_1_0), TILE(tile_##P##_1_1)}, {TILE(tile_##P##_2_0), TILE(tile_##P##_2_1)}}

ALL(1) ALL(2) ALL(3) ALL(4) ALL(5) ALL(6)
#if PIXELS > 6
ALL(7) ALL(8) ALL(9) ALL(10) ALL(11) ALL(12) ALL(13) ALL(14)
#endif

static const tile_set TILE(set) = {PIXELS, LANES, {
    ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6),
#if PIXELS > 6
    ROW(7), ROW(8), ROW(9), ROW(10), ROW(11), ROW(12), ROW(13), ROW(14)
#endif
}};

#undef ONE
#undef ALL
#undef ROW
#undef REAL
#undef BITS
#undef LANES
#undef TILE
