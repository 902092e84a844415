/* The thread pool of the process: parallel_for, and one count of threads for the BLAS beside it.
 *
 * One job runs at a time. The thread that brings it takes part; helpers wait for jobs on a condition variable, after
 * spinning for some microseconds, since a step that can use them is often followed by another. Who comes while a job
 * runs does all of its work alone, in the same pieces: how work is cut depends on its size and on the caller's limit,
 * never on who is free, so that results are the same from run to run.
 *
 *   pool.lock       guards everything but `next` and `active`, which are atomic
 *   pool.turn       held while a job runs; never waited for
 *
 * Helpers are made when first needed, as many as the caller has processors beside its own at most, and block all
 * signals. They run where the thread may run that brought the job. After a fork the child has none, and makes its own.
 * Without POSIX threads everything runs in the calling thread.
 */
#ifndef PYSCOPE_POOL_H
#define PYSCOPE_POOL_H

#include <Python.h>
#include <numpy/npy_common.h>
#include <time.h>
#if defined(__x86_64__) && defined(__GNUC__)
#include <x86intrin.h>
#endif

typedef void (*pool_body)(void *ctx, npy_intp start, npy_intp stop);

/* A clock that costs next to nothing, to compare one run with another: nanoseconds, or cycles of about that length. */
static inline long long pool_ticks(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    return (long long)__rdtsc();
#elif defined(_WIN32)
    return 0;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
#endif
}

#if defined(_WIN32)

static int pool_limit = 1;
static int pool_splits = 0;
static int pool_cpus(void) { return 1; }
static unsigned pool_turn(void) { return 0; }
static void pool_knock(void) {}
static void pool_wait(unsigned turn) { (void)turn; }
static void pool_setup(void) {}
static int pool_use(int n) { (void)n; return 1; }
static int pool_size(void) { return 0; }
static void parallel_for(pool_body body, void *ctx, npy_intp n, npy_intp grain)
{
    (void)grain;
    if (n > 0) body(ctx, 0, n);
}
static int blas_find(const char *path) { (void)path; return 0; }
static int blas_count(void) { return 0; }
static void blas_enter(void) {}
static void blas_leave(void) {}

#else

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

enum { POOL_MAX = 256, POOL_PIECES = 4, POOL_SPINS = 2000 };

static __thread int pool_limit = 1;      /* threads that the run in this thread may use */
static __thread int pool_splits = 0;     /* counts the jobs of this thread that were cut */

static struct {
    pthread_mutex_t lock, turn;
    pthread_cond_t wake, done;
    int n_helpers;           /* threads made */
    int n_asleep;            /* of these, waiting on `wake` */
    int n_wanted;            /* helpers that may still join the job */
    int waiting;             /* the caller waits on `done` */
    unsigned generation;     /* counts jobs */
    pool_body body;
    void *ctx;
    npy_intp n, piece;
    npy_intp next;           /* first element that nobody has taken */
    int active;              /* helpers at work on the job */
#if defined(__linux__)
    pthread_t threads[POOL_MAX];
    cpu_set_t cpus;          /* where helpers may run */
#endif
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .turn = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

static int pool_cpus(void)            /* processors that the calling thread may use */
{
    long n;
#if defined(__linux__)
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) {
        n = CPU_COUNT(&cpus);
        return n > 0 ? (int)n : 1;
    }
#endif
    n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

static inline void pool_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void pool_work(pool_body body, void *ctx, npy_intp n, npy_intp piece)
{
    for (;;) {
        npy_intp start = __atomic_fetch_add(&pool.next, piece, __ATOMIC_RELAXED);
        if (start >= n) return;
        body(ctx, start, n - start < piece ? n : start + piece);
    }
}

static void *pool_helper(void *unused)
{
    unsigned seen = 0;
    (void)unused;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        int i;
        while (pool.n_wanted == 0) {
            seen = pool.generation;
            pthread_mutex_unlock(&pool.lock);
            for (i = 0; i < POOL_SPINS && __atomic_load_n(&pool.generation, __ATOMIC_RELAXED) == seen; i++)
                pool_relax();
            pthread_mutex_lock(&pool.lock);
            if (pool.n_wanted == 0 && pool.generation == seen) {
                pool.n_asleep++;
                pthread_cond_wait(&pool.wake, &pool.lock);
                pool.n_asleep--;
            }
        }
        pool.n_wanted--;
        __atomic_fetch_add(&pool.active, 1, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&pool.lock);
        pool_work(pool.body, pool.ctx, pool.n, pool.piece);
        pthread_mutex_lock(&pool.lock);
        if (__atomic_sub_fetch(&pool.active, 1, __ATOMIC_RELEASE) == 0 && pool.waiting)
            pthread_cond_signal(&pool.done);
    }
    return NULL;
}

/* With the lock held: have n helpers, or as many as there can be, which run where the caller may run.
 * How many may come is the result. */
static int pool_grow(int n)
{
    sigset_t all, before;
    pthread_t thread;
    int cpus;
    if (n > POOL_MAX) n = POOL_MAX;
#if defined(__linux__)
    cpu_set_t here;
    if (sched_getaffinity(0, sizeof here, &here) == 0) {
        cpus = CPU_COUNT(&here);
        if (!CPU_EQUAL(&here, &pool.cpus)) {
            int i;
            for (i = 0; i < pool.n_helpers; i++) pthread_setaffinity_np(pool.threads[i], sizeof here, &here);
            pool.cpus = here;
        }
    }
    else
#endif
        cpus = pool_cpus();
    if (n > cpus - 1) n = cpus - 1;
    if (pool.n_helpers >= n) return n;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.n_helpers < n) {
        if (pthread_create(&thread, NULL, pool_helper, NULL)) break;
        pthread_detach(thread);      /* it never ends, so its number stays good */
#if defined(__linux__)
        pool.threads[pool.n_helpers] = thread;
#endif
        pool.n_helpers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n < pool.n_helpers ? n : pool.n_helpers;
}

/* Call body(ctx, start, stop) for pieces of [0, n) of at least `grain`, in any order and in several threads.
 * What body computes for an element must not depend on the piece that the element is in. */
static void parallel_for(pool_body body, void *ctx, npy_intp n, npy_intp grain)
{
    int limit = pool_limit, helpers, i;
    npy_intp piece, n_pieces, start;
    if (n <= 0) return;
    if (grain < 1) grain = 1;
    if (limit <= 1 || n <= grain) {
        body(ctx, 0, n);
        return;
    }
    piece = (n + (npy_intp)POOL_PIECES * limit - 1) / ((npy_intp)POOL_PIECES * limit);
    if (piece < grain) piece = grain;
    n_pieces = (n + piece - 1) / piece;
    if (n_pieces < limit) limit = (int)n_pieces;
    pool_splits++;
    if (pthread_mutex_trylock(&pool.turn)) {          /* busy */
        for (start = 0; start < n; start += piece)
            body(ctx, start, n - start < piece ? n : start + piece);
        return;
    }
    pthread_mutex_lock(&pool.lock);
    helpers = pool_grow(limit - 1);
    pool.body = body;
    pool.ctx = ctx;
    pool.n = n;
    pool.piece = piece;
    pool.next = 0;
    pool.n_wanted = helpers;
    __atomic_fetch_add(&pool.generation, 1, __ATOMIC_RELAXED);
    for (i = 0; i < helpers && i < pool.n_asleep; i++)
        pthread_cond_signal(&pool.wake);
    pthread_mutex_unlock(&pool.lock);

    i = pool_limit;
    pool_limit = 1;                                    /* a body that calls parallel_for runs it alone */
    pool_work(body, ctx, n, piece);
    pool_limit = i;

    pthread_mutex_lock(&pool.lock);
    pool.n_wanted = 0;                                 /* who has not come yet need not come */
    if (__atomic_load_n(&pool.active, __ATOMIC_ACQUIRE)) {
        pthread_mutex_unlock(&pool.lock);
        for (i = 0; i < POOL_SPINS && __atomic_load_n(&pool.active, __ATOMIC_ACQUIRE); i++)
            pool_relax();
        pthread_mutex_lock(&pool.lock);
        while (__atomic_load_n(&pool.active, __ATOMIC_ACQUIRE)) {
            pool.waiting = 1;
            pthread_cond_wait(&pool.done, &pool.lock);
        }
        pool.waiting = 0;
    }
    pthread_mutex_unlock(&pool.lock);
    pthread_mutex_unlock(&pool.turn);
}

static int pool_use(int n)            /* let this thread's runs use n threads; returns what it was */
{
    int before = pool_limit;
    pool_limit = n;
    return before;
}

static int pool_size(void) { return pool.n_helpers; }

/* ---- Waiting for each other: threads that work on the steps of one run (beside.pxi). `turn` counts the knocks. */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t knocked;
    unsigned turn;
    int n_waiting;
} door = {.lock = PTHREAD_MUTEX_INITIALIZER, .knocked = PTHREAD_COND_INITIALIZER};

static unsigned pool_turn(void) { return __atomic_load_n(&door.turn, __ATOMIC_ACQUIRE); }

static void pool_knock(void)
{
    __atomic_fetch_add(&door.turn, 1, __ATOMIC_RELEASE);
    pthread_mutex_lock(&door.lock);
    if (door.n_waiting) pthread_cond_broadcast(&door.knocked);
    pthread_mutex_unlock(&door.lock);
}

static void pool_wait(unsigned turn)  /* until somebody knocks after `turn`, or for a twentieth of a second */
{
    struct timespec end;
    int i;
    for (i = 0; i < POOL_SPINS; i++) {
        if (pool_turn() != turn) return;
        pool_relax();
    }
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += 50000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_nsec -= 1000000000;
        end.tv_sec++;
    }
    pthread_mutex_lock(&door.lock);
    door.n_waiting++;
    if (pool_turn() == turn) pthread_cond_timedwait(&door.knocked, &door.lock, &end);
    door.n_waiting--;
    pthread_mutex_unlock(&door.lock);
}

/* ---- BLAS. NumPy's OpenBLAS has threads of its own, which spin; ours call it, so it is to have one. It keeps a
 * single count for the process: the first to enter remembers the count that it had, the last to leave restores it. */

static struct {
    pthread_mutex_t lock;
    int (*get)(void);
    void (*set)(int);
    int n_inside;
    int before;
} blas = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, 0};

static int blas_find(const char *path)        /* path: the extension module that NumPy's BLAS is linked to */
{
    static const char *const names[][2] = {
        {"scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"},
        {"scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"},
        {"openblas_get_num_threads64_", "openblas_set_num_threads64_"},
        {"openblas_get_num_threads", "openblas_set_num_threads"},
    };
    void *library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
    unsigned i;
    if (library == NULL) return 0;
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *get = dlsym(library, names[i][0]), *set = dlsym(library, names[i][1]);
        if (get && set) {
            blas.get = (int (*)(void))get;
            blas.set = (void (*)(int))set;
            return 1;                 /* the handle stays open: so do the functions */
        }
    }
    dlclose(library);
    return 0;
}

static int blas_count(void) { return blas.get ? blas.get() : 0; }      /* its threads; 0: not known */

static void blas_enter(void)
{
    if (blas.set == NULL) return;
    pthread_mutex_lock(&blas.lock);
    if (blas.n_inside++ == 0) {
        blas.before = blas.get();
        if (blas.before != 1) blas.set(1);
    }
    pthread_mutex_unlock(&blas.lock);
}

static void blas_leave(void)
{
    if (blas.set == NULL) return;
    pthread_mutex_lock(&blas.lock);
    if (--blas.n_inside == 0 && blas.before != 1) blas.set(blas.before);
    pthread_mutex_unlock(&blas.lock);
}

/* ---- fork */

static void pool_in_child(void)
{
    static const pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
    static const pthread_cond_t nobody = PTHREAD_COND_INITIALIZER;
    pool.lock = pool.turn = blas.lock = door.lock = unlocked;
    pool.wake = pool.done = door.knocked = nobody;
    door.n_waiting = 0;
    pool.n_helpers = pool.n_asleep = pool.n_wanted = pool.waiting = pool.active = 0;
    if (blas.n_inside) {              /* in threads that are no more */
        blas.n_inside = 0;
        if (blas.before != 1) blas.set(blas.before);
    }
}

static void pool_setup(void)
{
    static int done = 0;
    if (!done) {
        done = 1;
        pthread_atfork(NULL, NULL, pool_in_child);
    }
}

#endif
#endif
