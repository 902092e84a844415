/* The machine of vector_program.h for one element type and instruction set; that file includes this.
 *
 * REAL, INT      element type, and the integer of its size
 * LANES          how many of them a vector holds
 * VP_LEVEL       0: the baseline, 2: AVX2 and FMA, 3: AVX-512
 * VP_TARGET      attribute that switches the instruction set on
 * VP(name)       `name` with a suffix of the set
 */
#define VEC VP(vec)
#define IVEC VP(ivec)
#define VP_INLINE static inline __attribute__((always_inline))
#define TILE (8 * LANES)

typedef REAL VEC __attribute__((vector_size(LANES * sizeof(REAL))));
typedef INT IVEC __attribute__((vector_size(LANES * sizeof(REAL))));
typedef signed char VP(bytes) __attribute__((vector_size(LANES)));
typedef npy_int32 VP(int32s) __attribute__((vector_size(LANES * 4)));
/* As they lie in memory. */
typedef REAL VP(reals_there) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
typedef signed char VP(bytes_there) __attribute__((vector_size(LANES), aligned(1), may_alias));
typedef npy_int32 VP(int32s_there) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

#define ALL(x) ((REAL)(x) - (VEC){0})
#define ONE ALL(1)
#define CHOOSE(mask, a, b) ((VEC)(((IVEC)(mask) & (IVEC)(a)) | (~(IVEC)(mask) & (IVEC)(b))))

/* Compilers may join a product and a sum into one operation of one rounding: not across this. */
VP_TARGET VP_INLINE VEC VP(rounded)(VEC x)
{
#if VP_LEVEL == 3
    __asm__("" : "+v"(x));
#elif defined(__x86_64__)
    __asm__("" : "+x"(x));
#elif defined(__aarch64__)
    __asm__("" : "+w"(x));
#else
    __asm__("" : "+m"(x));
#endif
    return x;
}
#define ROUNDED(x) VP(rounded)(x)

/* MAX, MIN: the second operand if one is NaN or both are equal. FMA: of one rounding where the processor has it. */
#if VP_LEVEL == 3 && IS_FLOAT
#define MAX(a, b) ((VEC)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define MIN(a, b) ((VEC)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define ROOT(x) ((VEC)_mm512_sqrt_ps((__m512)(x)))
#define FMA(a, b, c) ((VEC)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#elif VP_LEVEL == 3
#define MAX(a, b) ((VEC)_mm512_max_pd((__m512d)(a), (__m512d)(b)))
#define MIN(a, b) ((VEC)_mm512_min_pd((__m512d)(a), (__m512d)(b)))
#define ROOT(x) ((VEC)_mm512_sqrt_pd((__m512d)(x)))
#elif VP_LEVEL == 2 && IS_FLOAT
#define MAX(a, b) ((VEC)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define MIN(a, b) ((VEC)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define ROOT(x) ((VEC)_mm256_sqrt_ps((__m256)(x)))
#define FMA(a, b, c) ((VEC)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#elif VP_LEVEL == 2
#define MAX(a, b) ((VEC)_mm256_max_pd((__m256d)(a), (__m256d)(b)))
#define MIN(a, b) ((VEC)_mm256_min_pd((__m256d)(a), (__m256d)(b)))
#define ROOT(x) ((VEC)_mm256_sqrt_pd((__m256d)(x)))
#elif defined(__x86_64__) && IS_FLOAT
#define MAX(a, b) ((VEC)_mm_max_ps((__m128)(a), (__m128)(b)))
#define MIN(a, b) ((VEC)_mm_min_ps((__m128)(a), (__m128)(b)))
#define ROOT(x) ((VEC)_mm_sqrt_ps((__m128)(x)))
#elif defined(__x86_64__)
#define MAX(a, b) ((VEC)_mm_max_pd((__m128d)(a), (__m128d)(b)))
#define MIN(a, b) ((VEC)_mm_min_pd((__m128d)(a), (__m128d)(b)))
#define ROOT(x) ((VEC)_mm_sqrt_pd((__m128d)(x)))
#else
#define MAX(a, b) VP(larger)(a, b)
#define MIN(a, b) VP(smaller)(a, b)
#define ROOT(x) VP(root)(x)
VP_INLINE VEC VP(larger)(VEC a, VEC b) { return CHOOSE(a > b, a, b); }
VP_INLINE VEC VP(smaller)(VEC a, VEC b) { return CHOOSE(a < b, a, b); }
VP_INLINE VEC VP(root)(VEC x)
{
    for (int i = 0; i < LANES; i++)
        x[i] = IS_FLOAT ? __builtin_sqrtf((float)x[i]) : __builtin_sqrt(x[i]);
    return x;
}
#endif
#ifndef FMA
#define FMA(a, b, c) (ROUNDED((a) * (b)) + (c))
#endif

#if IS_FLOAT
#include "vector_functions.h"
#endif

/* ---------------------------------------------------------------- what instructions compute */

#define F1(name) VP_TARGET VP_INLINE VEC VP(do_##name)(VEC a)
#define F2(name) VP_TARGET VP_INLINE VEC VP(do_##name)(VEC a, VEC b)

F1(neg) { return -a; }
F1(abs) { return (VEC)((IVEC)a & ~(IVEC)ALL(-0.0)); }
F1(square) { return a * a; }
F1(sqrt) { return ROOT(a); }
F1(rsqrt) { return ONE / ROOT(a); }
F1(reciprocal) { return ONE / a; }
F1(sign) { return CHOOSE(a > (VEC){0}, ONE, CHOOSE(a < (VEC){0}, -ONE, CHOOSE(a == (VEC){0}, (VEC){0}, a))); }
F1(relu) { return MAX((VEC){0}, a); }                /* NaN and -0 stay */
F1(not) { return (VEC)~(IVEC)a; }
F1(number) { return (VEC)((IVEC)a & (IVEC)ONE); }    /* of a boolean */
/* Halves go to the even neighbour, by the rounding of a sum; what is large has no fraction. */
F1(rint)
{
    const VEC large = ALL(IS_FLOAT ? 8388608.0 : 4503599627370496.0);
    const IVEC sign = (IVEC)a & (IVEC)ALL(-0.0);
    const VEC size = (VEC)((IVEC)a ^ sign);
    const VEC whole = (VEC)((IVEC)(ROUNDED(size + large) - large) | sign);
    return CHOOSE(size < large, whole, a);
}
F1(floor)
{
    const VEC whole = VP(do_rint)(a);
    return CHOOSE(whole > a, whole - ONE, whole);
}
F1(ceil)
{
    const VEC whole = VP(do_rint)(a);
    return CHOOSE(whole < a, (VEC)((IVEC)(whole + ONE) | ((IVEC)a & (IVEC)ALL(-0.0))), whole);
}
#if IS_FLOAT
F1(exp) { return VP(exp_of)(a); }
F1(log) { return VP(log_of)(a); }
F1(tanh) { return VP(tanh_of)(a); }
F1(sigmoid) { return VP(sigmoid_of)(a); }
#endif

F2(add) { return a + b; }
F2(sub) { return a - b; }
F2(mul) { return a * b; }
F2(div) { return a / b; }
F2(max) { return CHOOSE(a != a, a, MAX(a, b)); }     /* NaN if one is */
F2(min) { return CHOOSE(a != a, a, MIN(a, b)); }
F2(square_difference) { const VEC d = a - b; return d * d; }
F2(less) { return (VEC)(a < b); }
F2(less_equal) { return (VEC)(a <= b); }
F2(equal) { return (VEC)(a == b); }
F2(not_equal) { return (VEC)(a != b); }
F2(and) { return (VEC)((IVEC)a & (IVEC)b); }
F2(or) { return (VEC)((IVEC)a | (IVEC)b); }
F2(relu_grad) { return (VEC)((IVEC)(b > (VEC){0}) & (IVEC)a); }             /* gradient, features */
F2(tanh_grad) { return b * (ONE - ROUNDED(a * a)); }                        /* result, gradient */
F2(sigmoid_grad) { return b * (a * (ONE - a)); }
F2(leaky) { return CHOOSE(a > (VEC){0}, a, a * b); }                        /* features, slope */
F2(where_first) { return (VEC)((IVEC)a & (IVEC)b); }                        /* boolean, number: else 0 */
F2(zero_where_first) { return CHOOSE(a == (VEC){0}, (VEC){0}, b); }         /* 0 where the first is */
F2(zero_where_second) { return CHOOSE(b == (VEC){0}, (VEC){0}, a); }
F2(elu_grad) { return CHOOSE(b < (VEC){0}, ROUNDED(b + ONE) * a, a); }      /* gradient, result */

/* ---------------------------------------------------------------- handlers */

#define WIDE const vp_instruction *pc, char *const *table, npy_intp at, \
    VEC v0, VEC v1, VEC v2, VEC v3, VEC v4, VEC v5, VEC v6, VEC v7
#define NARROW const vp_instruction *pc, char *const *table, npy_intp at, VEC v0
#define WIDE_NEXT VP_JUMP ((VP(wide_fn))pc[1].wide)(pc + 1, table, at, v0, v1, v2, v3, v4, v5, v6, v7)
#define NARROW_NEXT VP_JUMP ((VP(narrow_fn))pc[1].narrow)(pc + 1, table, at, v0)
#define EIGHT(STEP, WHAT) \
    STEP(WHAT, 0) STEP(WHAT, 1) STEP(WHAT, 2) STEP(WHAT, 3) STEP(WHAT, 4) STEP(WHAT, 5) STEP(WHAT, 6) STEP(WHAT, 7)
/* `at` counts elements. */
#define AT_A (table[pc->a] + (at & pc->moves_a) * (npy_intp)sizeof(REAL))
#define AT_B (table[pc->b] + (at & pc->moves_b) * (npy_intp)sizeof(REAL))
#define THERE(p, k) (*(VP(reals_there) *)((p) + (k) * (npy_intp)(LANES * sizeof(REAL))))
#define ELEMENT(position) ALL(*(const REAL *)table[pc->position])

typedef void (*VP(wide_fn))(WIDE);
typedef void (*VP(narrow_fn))(NARROW);

/* A handler for eight vectors and one for one: SETUP, then STEP(WHAT, k) for each vector. */
#define HANDLER(NAME, SETUP, STEP, WHAT)                                                              \
    VP_TARGET static void VP(NAME##_wide)(WIDE) { SETUP; EIGHT(STEP, WHAT) WIDE_NEXT; }               \
    VP_TARGET static void VP(NAME##_narrow)(NARROW) { SETUP; STEP(WHAT, 0) NARROW_NEXT; }

#define STEP_UNARY(NAME, k) v##k = VP(do_##NAME)(v##k);
#define STEP_M(NAME, k) v##k = VP(do_##NAME)(v##k, THERE(p, k));
#define STEP_E(NAME, k) v##k = VP(do_##NAME)(v##k, e);
#define STEP_MF(NAME, k) v##k = VP(do_##NAME)(THERE(p, k), v##k);
#define STEP_EF(NAME, k) v##k = VP(do_##NAME)(e, v##k);
#define STEP_SELECT_MM(NAME, k) v##k = CHOOSE(v##k, THERE(p, k), THERE(q, k));
#define STEP_SELECT_EM(NAME, k) v##k = CHOOSE(v##k, e, THERE(q, k));
#define STEP_SELECT_ME(NAME, k) v##k = CHOOSE(v##k, THERE(p, k), f);
#define STEP_SELECT_EE(NAME, k) v##k = CHOOSE(v##k, e, f);
#define STEP_LOAD(NAME, k) v##k = THERE(p, k);
#define STEP_LOAD_ELEMENT(NAME, k) v##k = e;
#define STEP_LOAD_BOOL(NAME, k) \
    v##k = (VEC)__builtin_convertvector(*(VP(bytes_there) *)(p + (k) * LANES) != 0, IVEC);
#define STEP_LOAD_INT32(NAME, k) \
    v##k = __builtin_convertvector((VP(int32s))*(VP(int32s_there) *)(p + (k) * LANES * 4), VEC);
#define STEP_STORE(NAME, k) THERE(p, k) = v##k;
#define STEP_STORE_BOOL(NAME, k) \
    *(VP(bytes_there) *)(p + (k) * LANES) = __builtin_convertvector((IVEC)v##k, VP(bytes)) & 1;

#define UNARY(NAME) HANDLER(NAME, , STEP_UNARY, NAME)
#define BINARY(NAME)                                              \
    HANDLER(NAME##_m, const char *p = AT_A, STEP_M, NAME)         \
    HANDLER(NAME##_e, const VEC e = ELEMENT(a), STEP_E, NAME)     \
    HANDLER(NAME##_mf, const char *p = AT_A, STEP_MF, NAME)       \
    HANDLER(NAME##_ef, const VEC e = ELEMENT(a), STEP_EF, NAME)

UNARY(neg) UNARY(abs) UNARY(square) UNARY(sqrt) UNARY(rsqrt) UNARY(reciprocal) UNARY(sign) UNARY(rint) UNARY(floor)
UNARY(ceil) UNARY(relu) UNARY(not) UNARY(number)
#if IS_FLOAT
UNARY(exp) UNARY(log) UNARY(tanh) UNARY(sigmoid)
#endif
VP_BINARY(BINARY)
HANDLER(select_mm, const char *p = AT_A; const char *q = AT_B, STEP_SELECT_MM, )
HANDLER(select_em, const VEC e = ELEMENT(a); const char *q = AT_B, STEP_SELECT_EM, )
HANDLER(select_me, const char *p = AT_A; const VEC f = ELEMENT(b), STEP_SELECT_ME, )
HANDLER(select_ee, const VEC e = ELEMENT(a); const VEC f = ELEMENT(b), STEP_SELECT_EE, )
HANDLER(load_m, const char *p = AT_A, STEP_LOAD, )
HANDLER(load_e, const VEC e = ELEMENT(a), STEP_LOAD_ELEMENT, )
HANDLER(load_bool, const char *p = table[pc->a] + (at & pc->moves_a), STEP_LOAD_BOOL, )
HANDLER(load_int32, const char *p = table[pc->a] + (at & pc->moves_a) * 4, STEP_LOAD_INT32, )
HANDLER(store, char *p = AT_A, STEP_STORE, )
HANDLER(store_bool, char *p = table[pc->a] + (at & pc->moves_a), STEP_STORE_BOOL, )

VP_TARGET static void VP(end_wide)(WIDE)
{
    (void)pc; (void)table; (void)at;
    (void)v0; (void)v1; (void)v2; (void)v3; (void)v4; (void)v5; (void)v6; (void)v7;
}
VP_TARGET static void VP(end_narrow)(NARROW) { (void)pc; (void)table; (void)at; (void)v0; }

/* ---------------------------------------------------------------- running */

/* Copy `n` < LANES elements into a vector at `to`, the rest of which is 0; or from a vector at `from`. In AVX's way the
 * vector is written as a whole: the load that follows need not wait for parts of it. */
VP_TARGET VP_INLINE void VP(fill)(char *to, const char *from, npy_intp n)
{
#if VP_LEVEL == 3 && IS_FLOAT
    _mm512_store_ps(to, _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), from));
#elif VP_LEVEL == 3
    _mm512_store_pd(to, _mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), from));
#elif VP_LEVEL == 2 && IS_FLOAT
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_store_ps((float *)to, _mm256_maskload_ps((const float *)from, mask));
#elif VP_LEVEL == 2
    const __m256i mask = _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
    _mm256_store_pd((double *)to, _mm256_maskload_pd((const double *)from, mask));
#else
    npy_intp i;
    for (i = 0; i < LANES; i++) ((REAL *)to)[i] = i < n ? ((const REAL *)from)[i] : 0;
#endif
}
VP_TARGET VP_INLINE void VP(spill)(char *to, const char *from, npy_intp n)
{
#if VP_LEVEL == 3 && IS_FLOAT
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1), _mm512_load_ps(from));
#elif VP_LEVEL == 3
    _mm512_mask_storeu_pd(to, (__mmask8)((1u << n) - 1), _mm512_load_pd(from));
#else
    npy_intp i;
    for (i = 0; i < n; i++) ((REAL *)to)[i] = ((const REAL *)from)[i];
#endif
}

/* The last `n` < LANES elements from `at` on, by way of buffers: what is behind them is neither read nor written. */
VP_TARGET static void VP(run_rest)(const vp_program *p, char *const *table, char **padded, char *buffers, npy_intp at,
                                   npy_intp n)
{
    const VEC zero = {0};
    int i;
    for (i = 0; i < p->n_arrays; i++) {
        const vp_array *a = &p->arrays[i];
        padded[i] = buffers + i * VP_PAD;
        if (a->is_read && a->itemsize == sizeof(REAL)) {
            VP(fill)(padded[i], table[i] + at * (npy_intp)sizeof(REAL), n);
        } else if (a->is_read) {
            memset(padded[i], 0, LANES * sizeof(REAL));
            memcpy(padded[i], table[i] + at * a->itemsize, (size_t)(n * a->itemsize));
        }
    }
    for (i = 0; i < p->n_starts; i++) {
        const vp_instruction *pc = p->instructions + p->starts[i];
        ((VP(narrow_fn))pc->narrow)(pc, padded, 0, zero);
    }
    for (i = 0; i < p->n_arrays; i++) {
        const vp_array *a = &p->arrays[i];
        if (a->is_written && a->itemsize == sizeof(REAL))
            VP(spill)(table[i] + at * (npy_intp)sizeof(REAL), padded[i], n);
        else if (a->is_written)
            memcpy(table[i] + at * a->itemsize, padded[i], (size_t)(n * a->itemsize));
    }
}

/* Run a program over `n` elements; `outer` points to the arrays and single elements. */
VP_TARGET static void VP(run)(const vp_program *p, char *const *outer, npy_intp n, char *scratch)
{
    const VEC zero = {0};
    const int fixed = p->n_elements + p->n_constants + p->n_slots;
    char **table = (char **)scratch, **padded = table + p->n_arrays + fixed, **to = table + p->n_arrays;
    char *buffers = scratch + ((2 * (size_t)(p->n_arrays + fixed) * sizeof(char *) + 63) & ~(size_t)63);
    char *slots = buffers + (size_t)p->n_arrays * VP_PAD;
    npy_intp at = 0;
    int i;
    for (i = 0; i < p->n_arrays; i++) table[i] = outer[p->arrays[i].outer];
    for (i = 0; i < p->n_elements; i++) *to++ = outer[p->elements[i]];
    for (i = 0; i < p->n_constants; i++) *to++ = (char *)p->constants + i * sizeof(REAL);
    for (i = 0; i < p->n_slots; i++) *to++ = slots + (size_t)i * TILE * sizeof(REAL);
    memcpy(padded + p->n_arrays, table + p->n_arrays, fixed * sizeof(char *));
    if (n >= 4 * TILE && p->aligned >= 0) {
        /* Arrays mostly begin at the same distance from a cache line; so no vector lies in two. */
        const npy_intp off = (npy_intp)((size_t)table[p->aligned] % (LANES * sizeof(REAL)));
        if (off && off % (npy_intp)sizeof(REAL) == 0) {
            at = LANES - off / (npy_intp)sizeof(REAL);
            VP(run_rest)(p, table, padded, buffers, 0, at);
        }
    }
    for (; at + TILE <= n; at += TILE)
        for (i = 0; i < p->n_starts; i++) {
            const vp_instruction *pc = p->instructions + p->starts[i];
            ((VP(wide_fn))pc->wide)(pc, table, at, zero, zero, zero, zero, zero, zero, zero, zero);
        }
    for (; at + LANES <= n; at += LANES)
        for (i = 0; i < p->n_starts; i++) {
            const vp_instruction *pc = p->instructions + p->starts[i];
            ((VP(narrow_fn))pc->narrow)(pc, table, at, zero);
        }
    if (at < n) VP(run_rest)(p, table, padded, buffers, at, n - at);
}

#define BOTH(NAME) {(vp_handler)VP(NAME##_wide), (vp_handler)VP(NAME##_narrow)}
#define ROW1(NAME) [VP_##NAME] = {BOTH(NAME)},
#define ROW2(NAME) [VP_##NAME] = {BOTH(NAME##_m), BOTH(NAME##_e), BOTH(NAME##_mf), BOTH(NAME##_ef)},
static const vp_set VP(set) = {VP_NAME, TILE, LANES, sizeof(REAL), VP(run), {
    ROW1(neg) ROW1(abs) ROW1(square) ROW1(sqrt) ROW1(rsqrt) ROW1(reciprocal) ROW1(sign) ROW1(rint) ROW1(floor)
    ROW1(ceil) ROW1(relu) ROW1(not) ROW1(number)
#if IS_FLOAT
    ROW1(exp) ROW1(log) ROW1(tanh) ROW1(sigmoid)
#endif
    VP_BINARY(ROW2)
    [VP_select] = {BOTH(select_mm), BOTH(select_em), BOTH(select_me), BOTH(select_ee)},
    [VP_load] = {BOTH(load_m), BOTH(load_e)},
    [VP_load_bool] = {BOTH(load_bool)},
    [VP_load_int32] = {BOTH(load_int32)},
    [VP_store] = {BOTH(store)},
    [VP_store_bool] = {BOTH(store_bool)},
    [VP_end] = {BOTH(end)},
}};

#undef VEC
#undef IVEC
#undef VP_INLINE
#undef TILE
#undef ALL
#undef ONE
#undef CHOOSE
#undef ROUNDED
#undef MAX
#undef MIN
#undef ROOT
#undef FMA
#undef F1
#undef F2
#undef WIDE
#undef NARROW
#undef WIDE_NEXT
#undef NARROW_NEXT
#undef EIGHT
#undef AT_A
#undef AT_B
#undef THERE
#undef ELEMENT
#undef HANDLER
#undef STEP_UNARY
#undef STEP_M
#undef STEP_E
#undef STEP_MF
#undef STEP_EF
#undef STEP_SELECT_MM
#undef STEP_SELECT_EM
#undef STEP_SELECT_ME
#undef STEP_SELECT_EE
#undef STEP_LOAD
#undef STEP_LOAD_ELEMENT
#undef STEP_LOAD_BOOL
#undef STEP_LOAD_INT32
#undef STEP_STORE
#undef STEP_STORE_BOOL
#undef UNARY
#undef BINARY
#undef BOTH
#undef ROW1
#undef ROW2
#undef REAL
#undef INT
#undef IS_FLOAT
#undef LANES
#undef VP
