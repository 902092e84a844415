/* Programs over vectors: what a group of elementwise steps computes, as instructions for a small register machine.
 *
 * The machine's accumulator is a tile of eight vectors (128 floats with AVX-512), which stays in vector registers from
 * instruction to instruction: a handler does its work on the eight and jumps to the next one with the eight as its
 * arguments, which the calling conventions of x86-64 and AArch64 pass in registers. Operands are read where they lie:
 * arrays move with the tile, slots of intermediate results and single elements stay.
 *
 *     acc = f(acc)    acc = f(acc, operand)    acc = f(operand, acc)    acc = operand    operand = acc
 *
 * A second set of handlers works on one vector, for what is left of an array behind its last full tile; what is left
 * behind the last full vector goes through a buffer, so that nothing outside an array is read or written.
 *
 * Handlers are GCC's and Clang's vector types, compiled for AVX-512, AVX2 and the baseline; `vp_sets_of` says which of
 * these the processor can run. Products are rounded before they are added to something, as the operations are that
 * they stand for. Other compilers get none.
 */
#ifndef PYSCOPE_VECTOR_PROGRAM_H
#define PYSCOPE_VECTOR_PROGRAM_H

#include <string.h>
#include <numpy/npy_common.h>

/* Instructions. Booleans are lanes of all ones or all zeros. */
#define VP_UNARY(X) \
    X(neg) X(abs) X(square) X(sqrt) X(rsqrt) X(reciprocal) X(sign) X(rint) X(floor) X(ceil) X(relu) \
    X(exp) X(log) X(tanh) X(sigmoid) X(not) X(number)
#define VP_BINARY(X) \
    X(add) X(sub) X(mul) X(div) X(max) X(min) X(square_difference) X(less) X(less_equal) X(equal) X(not_equal) \
    X(and) X(or) X(relu_grad) X(tanh_grad) X(sigmoid_grad) X(leaky) X(where_first) X(zero_where_first) \
    X(zero_where_second) X(elu_grad)

typedef enum {
#define X(name) VP_##name,
    VP_UNARY(X)
    VP_FIRST_BINARY,
    VP_BEFORE_BINARY = VP_FIRST_BINARY - 1,
    VP_BINARY(X)
#undef X
    VP_select,                           /* acc ? a : b */
    VP_load, VP_load_bool, VP_load_int32,
    VP_store, VP_store_bool,
    VP_end,
    VP_OPS
} vp_op;

/* How operands are given: for two, [acc, a] in memory or one element, or the other way round; select has two. */
enum { VP_MEMORY, VP_ELEMENT, VP_MEMORY_FIRST, VP_ELEMENT_FIRST, VP_WAYS };
enum { VP_BOTH_MEMORY, VP_ELEMENT_A, VP_ELEMENT_B, VP_BOTH_ELEMENTS };

typedef void (*vp_handler)(void);        /* of a type of its own in each set */

typedef struct {
    vp_handler wide, narrow;             /* for eight vectors and for one */
    npy_intp a, b;                       /* operands: positions in the table of pointers */
    npy_intp moves_a, moves_b;           /* -1: with the tile; 0: not */
} vp_instruction;

typedef struct {                         /* an array that the program reads or writes */
    int outer;                           /* its position in the caller's table */
    int itemsize;
    int is_read, is_written;
} vp_array;

typedef struct vp_set vp_set;

typedef struct {                         /* a program; whoever made it owns its arrays */
    const vp_set *set;
    vp_instruction *instructions;
    int n_instructions;
    int *starts;                         /* instructions that are called; each runs to the next `end` */
    int n_starts;
    /* The table of pointers has the arrays, then single elements of the caller's, then constants, then slots. */
    vp_array *arrays;
    int n_arrays;
    int *elements;                       /* positions in the caller's table */
    int n_elements;
    void *constants;
    int n_constants;
    int n_slots;
    int aligned;                         /* the array that is to be read in whole cache lines; -1: none */
} vp_program;

struct vp_set {
    const char *name;
    int tile, lanes, itemsize;           /* elements of a tile and of a vector; bytes of an element */
    void (*run)(const vp_program *program, char *const *outer, npy_intp n, char *scratch);
    vp_handler handlers[VP_OPS][VP_WAYS][2];      /* [1]: for one vector; NULL: no such instruction */
};

enum { VP_PAD = 128 };                /* bytes of a buffer for less than a vector of any element type */

/* Bytes that a run of a program needs, to be aligned to 64 by whoever gives them. */
static size_t vp_scratch(const vp_program *p)
{
    const size_t n = (size_t)p->n_arrays + p->n_elements + p->n_constants + p->n_slots;
    if (p->set == NULL) return 0;
    return ((2 * n * sizeof(char *) + 63) & ~(size_t)63) + (size_t)p->n_arrays * VP_PAD
        + (size_t)p->n_slots * p->set->tile * p->set->itemsize;
}

#if defined(__GNUC__)

#if defined(__has_attribute)
#if __has_attribute(musttail) && defined(__OPTIMIZE__)
#define VP_JUMP __attribute__((musttail)) return
#endif
#endif
#ifndef VP_JUMP
#define VP_JUMP return                   /* GCC makes a jump of it from -O2 on; below that, programs are cut short */
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define VP_TARGET
#define VP_NAME "baseline"
#define VP_LEVEL 0
#define REAL float
#define INT npy_int32
#define IS_FLOAT 1
#define LANES 4
#define VP(name) vp_##name##_f32
#include "vector_body.h"
#define REAL double
#define INT npy_int64
#define IS_FLOAT 0
#define LANES 2
#define VP(name) vp_##name##_f64
#include "vector_body.h"
#undef VP_TARGET
#undef VP_NAME
#undef VP_LEVEL

/* Windows hands vectors over in memory, which GCC does not align for the larger ones. */
#if defined(__x86_64__) && !defined(_WIN32)
#define VP_TARGET __attribute__((target("avx2,fma")))
#define VP_NAME "avx2"
#define VP_LEVEL 2
#define REAL float
#define INT npy_int32
#define IS_FLOAT 1
#define LANES 8
#define VP(name) vp_##name##_f32_avx2
#include "vector_body.h"
#define REAL double
#define INT npy_int64
#define IS_FLOAT 0
#define LANES 4
#define VP(name) vp_##name##_f64_avx2
#include "vector_body.h"
#undef VP_TARGET
#undef VP_NAME
#undef VP_LEVEL

#define VP_TARGET __attribute__((target("avx512f")))
#define VP_NAME "avx512"
#define VP_LEVEL 3
#define REAL float
#define INT npy_int32
#define IS_FLOAT 1
#define LANES 16
#define VP(name) vp_##name##_f32_avx512
#include "vector_body.h"
#define REAL double
#define INT npy_int64
#define IS_FLOAT 0
#define LANES 8
#define VP(name) vp_##name##_f64_avx512
#include "vector_body.h"
#undef VP_TARGET
#undef VP_NAME
#undef VP_LEVEL
#endif

enum { VP_LEVELS = 3 };

/* Instruction set number `level` (0: the baseline) for floats or doubles; NULL if this processor has not got it. */
static const vp_set *vp_set_at(int level, int is_double)
{
    if (level == 0) return is_double ? &vp_set_f64 : &vp_set_f32;
#if defined(__x86_64__) && !defined(_WIN32)
    if (level == 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return is_double ? &vp_set_f64_avx2 : &vp_set_f32_avx2;
    if (level == 2 && __builtin_cpu_supports("avx512f"))
        return is_double ? &vp_set_f64_avx512 : &vp_set_f32_avx512;
#endif
    return NULL;
}

#else

enum { VP_LEVELS = 0 };

static const vp_set *vp_set_at(int level, int is_double)
{
    (void)level;
    (void)is_double;
    return NULL;
}

#endif
/* A function of floats as an inner loop of NumPy's form; `data` is the program of that function. */
static void vp_unary_loop(char **args, const npy_intp *dimensions, const npy_intp *strides, void *data)
{
    enum { SOME = 256 };
    const vp_program *p = (const vp_program *)data;
    char scratch[64 + 64 + 2 * VP_PAD];
    float in[SOME], out[SOME];
    char *ends[2] = {(char *)in, (char *)out};
    char *lines = scratch + ((64 - (size_t)scratch % 64) & 63);
    npy_intp n = dimensions[0], i, some;
    if (strides[0] == sizeof(float) && strides[1] == sizeof(float)) {
        p->set->run(p, args, n, lines);
        return;
    }
    for (; n > 0; n -= some) {
        some = n < SOME ? n : SOME;
        for (i = 0; i < some; i++) in[i] = *(const float *)(args[0] + i * strides[0]);
        p->set->run(p, ends, some, lines);
        for (i = 0; i < some; i++) *(float *)(args[1] + i * strides[1]) = out[i];
        args[0] += some * strides[0];
        args[1] += some * strides[1];
    }
}

#endif
