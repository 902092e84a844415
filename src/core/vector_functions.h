/* exp, log, tanh and the logistic function of a vector of floats; vector_body.h includes this for each instruction set.
 *
 * exp and log are within 1.05 units in the last place of the true value, tanh and the logistic function within 2.1, for
 * floats of every size, infinities, NaN and numbers below the normal ones among them (test_vector_programs.py). The
 * polynomials are minimax approximations that were computed for this file (Lawson's reweighted least squares), in
 * Estrin's form, which has short chains of dependent operations.
 *
 * exp: x = n log 2 + r with |r| <= log(2) / 2; the first part of log 2 has 9 bits, so that n times it is exact (Cody
 * and Waite 1980, "Software Manual for the Elementary Functions", chapter 6). e**r - 1 = r + r**2 q(r); q deviates so
 * that e**r does by 0.05 units in the last place.
 */
#define VP_LOG2E 1.44269504088896341f
#define VP_LOG2_HIGH 0.693359375f
#define VP_LOG2_LOW -2.12194440e-4f

#if VP_LEVEL == 3
#define RINT_SMALL(x) _mm512_roundscale_ps(x, 8)
#define TWO_TO(x) TIMES_TWO_TO(ONE, x)
#define TIMES_TWO_TO(p, n) (VEC)_mm512_scalef_ps((__m512)(p), (__m512)(n))
#else
/* Of numbers below 2**22 in size. */
#define RINT_SMALL(x) (ROUNDED((x) + 12582912.0f) - 12582912.0f)
#define TWO_TO(x) ((VEC)((__builtin_convertvector(x, IVEC) + 127) << 23))
/* In two steps: 2**n may be outside the range where the product is not. */
#define TIMES_TWO_TO(p, n) VP(scaled)(p, n)
VP_TARGET VP_INLINE VEC VP(scaled)(VEC p, VEC n)
{
    const IVEC i = __builtin_convertvector(n, IVEC), half = i >> 1;
    return p * (VEC)((half + 127) << 23) * (VEC)((i - half + 127) << 23);
}
#endif

/* About 1 / b. */
#if VP_LEVEL == 2
#define ABOUT_ONE_OVER(b) ((VEC)_mm256_rcp_ps((__m256)(b)))
#elif VP_LEVEL == 0 && defined(__x86_64__)
#define ABOUT_ONE_OVER(b) ((VEC)_mm_rcp_ps((__m128)(b)))
#elif VP_LEVEL == 0
#define ABOUT_ONE_OVER(b) (ONE / (b))
#endif

/* a / (b + low) for b in [1, 2**126) and `low` within its last place. */
VP_TARGET VP_INLINE VEC VP(quotient)(VEC a, VEC b, VEC low)
{
#if VP_LEVEL == 3
    VEC r = (VEC)_mm512_rcp14_ps((__m512)b), q;      /* of 14 bits, then of 28 */
    r = FMA(FMA(-b, r, ONE), r, r);
    q = ROUNDED(a * r);
    return FMA(FMA(-low, q, FMA(-b, q, a)), r, q);
#else
    const VEC q = a / b;
    return FMA(ROUNDED(-q * low), ABOUT_ONE_OVER(b), q);
#endif
}

/* e**r - 1 for r in +-log(2)/2 */
VP_TARGET VP_INLINE VEC VP(near_expm1)(VEC r)
{
    const VEC r2 = r * r;
    VEC q = FMA(r, ALL(0x1.5554911e6c603p-3f), ALL(0x1.fffffb9884b35p-2f));
    q = FMA(r2, FMA(r, ALL(0x1.123a0b3a320afp-7f), ALL(0x1.5558f27d6460dp-5f)), q);
    q = FMA(r2 * r2, ALL(0x1.6a23ed5df4ea1p-10f), q);
    return FMA(r2, q, r);
}

VP_TARGET VP_INLINE VEC VP(exp_of)(VEC x)
{
    VEC n, r;
    x = MAX(ALL(-104.0f), MIN(ALL(89.0f), x));       /* beyond: 0 and infinity; the second operand stays if NaN */
    n = RINT_SMALL(ROUNDED(x * VP_LOG2E));
    r = FMA(n, ALL(-VP_LOG2_LOW), FMA(n, ALL(-VP_LOG2_HIGH), x));
    return TIMES_TWO_TO(ROUNDED(VP(near_expm1)(r)) + 1.0f, n);
}

/* tanh |x| = m / (m + 2) with m = e**(2 |x|) - 1 = 2**n (e**r - 1) + (2**n - 1); 1 from 9.02 on. */
VP_TARGET VP_INLINE VEC VP(tanh_of)(VEC x)
{
    const IVEC sign = (IVEC)x & (IVEC)ALL(-0.0f);
    VEC y = MIN(ALL(9.1f), (VEC)((IVEC)x ^ sign)), n, r, scale, m, b;
    y = y + y;
    n = RINT_SMALL(ROUNDED(y * VP_LOG2E));
    r = FMA(n, ALL(-VP_LOG2_LOW), FMA(n, ALL(-VP_LOG2_HIGH), y));
    scale = TWO_TO(n);
    m = FMA(scale, VP(near_expm1)(r), scale - 1.0f);
    b = m + 2.0f;
    return (VEC)((IVEC)VP(quotient)(m, b, MAX(m, ALL(2.0f)) - b + MIN(m, ALL(2.0f))) | sign);
}

/* 1 / (1 + e**-x), and e**x / (e**x + 1) where x < 0 */
VP_TARGET VP_INLINE VEC VP(sigmoid_of)(VEC x)
{
    const VEC e = VP(exp_of)((VEC)((IVEC)x | (IVEC)ALL(-0.0f)));
    const VEC b = e + 1.0f;
    return VP(quotient)(CHOOSE(x < 0.0f, e, ONE), b, e - (b - 1.0f));
}

/* x = 2**k (1 + f) with 0.75 <= 1 + f < 1.5; log(1 + f) = f - f**2 / 2 + f**3 p(f). The parts of log 2 are both
 * positive: at 0 and infinity, k is infinite. */
VP_TARGET VP_INLINE VEC VP(log_of)(VEC x)
{
    VEC k, f, f2, p, q, y;
#if VP_LEVEL == 3
    const __m512 m = _mm512_getmant_ps((__m512)x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    k = (VEC)_mm512_getexp_ps((__m512)x) - (VEC)_mm512_getexp_ps(m);
    f = (VEC)m - 1.0f;
#else
    const IVEC small = x < 1.17549435e-38f;
    const VEC grown = CHOOSE(small, ROUNDED(x * 8388608.0f), x);
    const IVEC bits = (IVEC)grown - 0x3f400000;      /* 0.75 */
    const IVEC exponent = bits >> 23;
    k = __builtin_convertvector(exponent + (small & -23), VEC);
    f = (VEC)((IVEC)grown - (exponent << 23)) - 1.0f;
#endif
    f2 = f * f;
    p = FMA(f, ALL(-0.25000165270277475f), ALL(0.33333339861856326f));
    q = FMA(f, ALL(-0.16655296534348202f), ALL(0.1999960485113282f));
    p = FMA(f2, q, p);
    q = FMA(f, ALL(-0.1272778018739024f), ALL(0.14276239061419796f));
    y = FMA(f, ALL(-0.09116179201975529f), ALL(0.11700659554306299f));
    y = FMA(f2, ALL(0.0376728119662443f), y);
    p = FMA(f2 * f2, FMA(f2, y, q), p);
    y = FMA(f * f2, p, ROUNDED(k * 1.42860677e-06f));
    y = FMA(f2, ALL(-0.5f), y);
    y = FMA(k, ALL(0.693145752f), ROUNDED(f + y));
#if VP_LEVEL < 3
    y = CHOOSE(x == 0.0f, ALL(-__builtin_inff()), y);
    y = CHOOSE(x < __builtin_inff(), y, x + x);
    y = CHOOSE(x < 0.0f, ALL(__builtin_nanf("")), y);
#endif
    return y;
}

#undef VP_LOG2E
#undef VP_LOG2_HIGH
#undef VP_LOG2_LOW
#undef RINT_SMALL
#undef TWO_TO
#undef TIMES_TWO_TO
#undef ABOUT_ONE_OVER
