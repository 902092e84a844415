/* Several versions of one C function, the best of which is taken when the module is loaded.
 *
 * A wheel is built for the oldest processors it runs on; where the toolchain can choose at load time (GCC and Clang
 * with glibc on x86-64), a function marked PYSCOPE_CLONES is compiled for newer ones as well. Elsewhere the mark means
 * nothing. Marked functions are simple loops that the compiler vectorises, without fused multiply-adds, so that all
 * versions give the same numbers.
 */
#ifndef PYSCOPE_SIMD_H
#define PYSCOPE_SIMD_H

#include <stdlib.h>      /* defines __GLIBC__ */

#if defined(_MSC_VER) && !defined(__clang__)
#define restrict __restrict
#endif

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__OPTIMIZE__) && \
    ((defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 8) || (defined(__clang__) && __clang_major__ >= 15))
#define PYSCOPE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define PYSCOPE_CLONES
#endif

#endif
