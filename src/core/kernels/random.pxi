# Random numbers: the streams of TF's CPU kernels, number for number.
#
# Everything comes from Philox 4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011), a
# block cipher in counter mode: a 64-bit key and a 128-bit counter make one *group* of four 32-bit words, and
# the next counter makes the next group. So adding to the counter enters the stream anywhere ("skipping").
#
# A kernel reserves 256 groups per output value before it draws, far more than it uses, and the next run of
# the same op goes on behind the reservation. Distributions that reject (truncated normal, gamma, Poisson)
# restart at a fixed skip for each group of outputs or each output; in TF this makes results independent of
# how threads share the work.
#
# Uniforms and integers equal TF's bit for bit; normals to the last bits of logf, sinf and cosf.

from libc.math cimport (
    NAN, cos, cosf, exp, fabs, fabsf, floor, isfinite, log, log1p, logf, pow, sin, sinf, sqrt, sqrtf,
)
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from "<math.h>" nogil:
    double lgamma(double)

cdef enum:
    # Groups computed side by side: compilers make vector code of 32 (even with SSE2, 7 ns a group instead of
    # 10), but unroll a loop of 8 into slow scalar code.
    RANDOM_LANES = 32
    RANDOM_CHUNK = 64            # groups converted at a time, so that the words stay in the first-level cache
    RANDOM_RESERVED = 256        # groups reserved per output value, and skipped where samples are rejected

cdef double RANDOM_TWO_PI = 6.283185307179586

cdef struct Philox:
    uint32_t key[2]
    uint32_t counter[4]          # least significant word first

cdef struct WordStream:          # the words of a Philox one at a time
    Philox state
    uint32_t words[4]
    int used

cdef struct UniformStream:       # float64 uniforms, taken from each group from its end
    Philox state
    double values[2]
    int remaining


# ---------------------------------------------------------------- Philox

@cython.overflowcheck(False)
cdef inline void philox_skip(Philox* g, uint64_t n_groups) noexcept nogil:
    cdef uint32_t low = <uint32_t>n_groups
    cdef uint32_t high = <uint32_t>(n_groups >> 32)
    g.counter[0] += low
    if g.counter[0] < low:
        high += 1
    g.counter[1] += high
    if g.counter[1] < high:
        g.counter[2] += 1
        if g.counter[2] == 0:
            g.counter[3] += 1


@cython.overflowcheck(False)
cdef inline void philox_group(Philox* g, uint32_t* out) noexcept nogil:
    """The four words of the current counter; then step the counter."""
    cdef uint32_t k0 = g.key[0], k1 = g.key[1]
    cdef uint32_t c0 = g.counter[0], c1 = g.counter[1], c2 = g.counter[2], c3 = g.counter[3]
    cdef uint64_t p0, p1
    cdef int i
    for i in range(10):
        p0 = <uint64_t>0xD2511F53u * c0
        p1 = <uint64_t>0xCD9E8D57u * c2
        c0 = <uint32_t>(p1 >> 32) ^ c1 ^ k0
        c1 = <uint32_t>p1
        c2 = <uint32_t>(p0 >> 32) ^ c3 ^ k1
        c3 = <uint32_t>p0
        k0 += 0x9E3779B9u
        k1 += 0xBB67AE85u
    out[0] = c0
    out[1] = c1
    out[2] = c2
    out[3] = c3
    philox_skip(g, 1)


@cython.overflowcheck(False)
@cython.boundscheck(False)
cdef void philox_groups(Philox* g, uint32_t* out, Py_ssize_t n_groups) noexcept nogil:
    """Write `n_groups` groups, four words each."""
    cdef uint32_t c0[RANDOM_LANES]
    cdef uint32_t c1[RANDOM_LANES]
    cdef uint32_t c2[RANDOM_LANES]
    cdef uint32_t c3[RANDOM_LANES]
    cdef uint32_t k0, k1
    cdef uint64_t p0, p1
    cdef int i, j
    cdef Py_ssize_t done = 0
    while n_groups - done >= RANDOM_LANES and g.counter[0] < 0xFFFFFFFFu - RANDOM_LANES:   # no carry inside
        for j in range(RANDOM_LANES):
            c0[j] = g.counter[0] + <uint32_t>j
            c1[j] = g.counter[1]
            c2[j] = g.counter[2]
            c3[j] = g.counter[3]
        k0 = g.key[0]
        k1 = g.key[1]
        for i in range(10):
            for j in range(RANDOM_LANES):
                p0 = <uint64_t>0xD2511F53u * c0[j]
                p1 = <uint64_t>0xCD9E8D57u * c2[j]
                c0[j] = <uint32_t>(p1 >> 32) ^ c1[j] ^ k0
                c1[j] = <uint32_t>p1
                c2[j] = <uint32_t>(p0 >> 32) ^ c3[j] ^ k1
                c3[j] = <uint32_t>p0
            k0 += 0x9E3779B9u
            k1 += 0xBB67AE85u
        for j in range(RANDOM_LANES):
            out[4 * j] = c0[j]
            out[4 * j + 1] = c1[j]
            out[4 * j + 2] = c2[j]
            out[4 * j + 3] = c3[j]
        g.counter[0] += RANDOM_LANES
        out += 4 * RANDOM_LANES
        done += RANDOM_LANES
    while done < n_groups:
        philox_group(g, out)
        out += 4
        done += 1


cdef inline uint32_t next_word(WordStream* s) noexcept nogil:
    if s.used == 4:
        philox_group(&s.state, s.words)
        s.used = 0
    s.used += 1
    return s.words[s.used - 1]


# ---------------------------------------------------------------- words to numbers

cdef inline float word_to_float(uint32_t x) noexcept nogil:
    """23 random bits as the mantissa of a float32 in [1, 2), minus 1."""
    cdef uint32_t bits = 0x3F800000u | (x & 0x7FFFFFu)
    cdef float value
    memcpy(&value, &bits, 4)
    return value - <float>1.0


cdef inline double words_to_double(uint32_t x0, uint32_t x1) noexcept nogil:
    """52 random bits as the mantissa of a float64 in [1, 2), minus 1."""
    cdef uint64_t bits = (<uint64_t>1023 << 52) | (<uint64_t>(x0 & 0xFFFFFu) << 32) | x1
    cdef double value
    memcpy(&value, &bits, 8)
    return value - 1.0


cdef inline void box_muller_float(uint32_t x0, uint32_t x1, float* out) noexcept nogil:
    """Two normals from two words (Box and Muller 1958); the angle is multiplied out in float64, as in TF."""
    cdef float u = word_to_float(x0)
    if u < <float>1e-7:          # keep the logarithm finite
        u = <float>1e-7
    cdef float angle = <float>(RANDOM_TWO_PI * word_to_float(x1))
    cdef float radius = sqrtf(<float>-2.0 * logf(u))
    out[0] = sinf(angle) * radius
    out[1] = cosf(angle) * radius


cdef inline void box_muller_double(uint32_t* x, double* out) noexcept nogil:
    cdef double u = words_to_double(x[0], x[1])
    if u < 1e-7:
        u = 1e-7
    cdef double angle = RANDOM_TWO_PI * words_to_double(x[2], x[3])
    cdef double radius = sqrt(-2.0 * log(u))
    out[0] = sin(angle) * radius
    out[1] = cos(angle) * radius


# ---------------------------------------------------------------- fills with as many words for each value

cdef struct IntRange:            # of convert_int32 and convert_int64; the others ignore it
    int64_t low
    uint64_t width               # as unsigned, since high - low may exceed the signed range

ctypedef void (*convert_fn)(
    const uint32_t* words, void* out, Py_ssize_t n, const IntRange* ints
) noexcept nogil


@cython.boundscheck(False)
cdef void convert_float(const uint32_t* words, void* out, Py_ssize_t n, const IntRange* ints) noexcept nogil:
    cdef float* values = <float*>out
    cdef Py_ssize_t i
    for i in range(n):
        values[i] = word_to_float(words[i])


cdef void convert_double(const uint32_t* words, void* out, Py_ssize_t n, const IntRange* ints) noexcept nogil:
    cdef double* values = <double*>out
    cdef Py_ssize_t i
    for i in range(n):
        values[i] = words_to_double(words[2 * i], words[2 * i + 1])


@cython.overflowcheck(False)
cdef void convert_half(const uint32_t* words, void* out, Py_ssize_t n, const IntRange* ints) noexcept nogil:
    # Ten bits k as k / 1024 exactly; the caller narrows the float32 to float16 without rounding.
    cdef float* values = <float*>out
    cdef Py_ssize_t i
    for i in range(n):
        values[i] = <float>(<int32_t>(words[i] & 0x3FFu)) * <float>(1.0 / 1024.0)


@cython.overflowcheck(False)
cdef void convert_int32(const uint32_t* words, void* out, Py_ssize_t n, const IntRange* ints) noexcept nogil:
    cdef uint32_t* values = <uint32_t*>out
    cdef uint32_t start = <uint32_t>ints.low, width = <uint32_t>ints.width
    cdef Py_ssize_t i
    for i in range(n):
        values[i] = start + words[i] % width


@cython.overflowcheck(False)
cdef void convert_int64(const uint32_t* words, void* out, Py_ssize_t n, const IntRange* ints) noexcept nogil:
    cdef uint64_t* values = <uint64_t*>out
    cdef Py_ssize_t i
    for i in range(n):
        values[i] = <uint64_t>ints.low + (words[2 * i] | (<uint64_t>words[2 * i + 1] << 32)) % ints.width


cdef void convert_bits32(const uint32_t* words, void* out, Py_ssize_t n, const IntRange* ints) noexcept nogil:
    memcpy(out, words, 4 * n)


cdef void convert_bits64(const uint32_t* words, void* out, Py_ssize_t n, const IntRange* ints) noexcept nogil:
    cdef uint64_t* values = <uint64_t*>out
    cdef Py_ssize_t i
    for i in range(n):
        values[i] = words[2 * i] | (<uint64_t>words[2 * i + 1] << 32)


cdef void convert_normal_float(
    const uint32_t* words, void* out, Py_ssize_t n, const IntRange* ints
) noexcept nogil:
    cdef float* values = <float*>out
    cdef float pair[2]
    cdef Py_ssize_t i
    for i in range(0, n - 1, 2):
        box_muller_float(words[i], words[i + 1], values + i)
    if n % 2:
        box_muller_float(words[n - 1], words[n], pair)
        values[n - 1] = pair[0]


cdef void convert_normal_double(
    const uint32_t* words, void* out, Py_ssize_t n, const IntRange* ints
) noexcept nogil:
    cdef double* values = <double*>out
    cdef double pair[2]
    cdef Py_ssize_t i
    for i in range(0, n - 1, 2):
        box_muller_double(<uint32_t*>words + 2 * i, values + i)
    if n % 2:
        box_muller_double(<uint32_t*>words + 2 * (n - 1), pair)
        values[n - 1] = pair[0]


@cython.boundscheck(False)
cdef void philox_fill(
    Philox* g, convert_fn convert, void* out, Py_ssize_t n, int item_size, int words_per_value,
    const IntRange* ints,
) noexcept nogil:
    """Fill `n` values of `item_size` bytes, each made of `words_per_value` (1 or 2) words."""
    cdef uint32_t words[4 * RANDOM_CHUNK]
    cdef char* target = <char*>out
    cdef Py_ssize_t n_now
    cdef Py_ssize_t n_chunk = 4 * RANDOM_CHUNK // words_per_value
    while n > 0:
        n_now = n if n < n_chunk else n_chunk
        philox_groups(g, words, (n_now * words_per_value + 3) // 4)
        convert(words, target, n_now, ints)
        target += n_now * item_size
        n -= n_now


# ---------------------------------------------------------------- truncated normal: reject outside (-2, 2)

@cython.overflowcheck(False)
cdef void philox_fill_truncated_float(Philox* g, float* out, Py_ssize_t n) noexcept nogil:
    cdef WordStream stream
    cdef float pair[2]
    cdef uint32_t x0, x1
    cdef Py_ssize_t start = 0, i, stop
    cdef int j
    while start < n:
        stream.state = g[0]
        stream.used = 4
        i = start
        stop = start + 4 if start + 4 < n else n
        while i < stop:
            x0 = next_word(&stream)
            x1 = next_word(&stream)
            box_muller_float(x0, x1, pair)
            for j in range(2):
                if fabsf(pair[j]) < <float>2.0 and i < stop:
                    out[i] = pair[j]
                    i += 1
        start += 4
        philox_skip(g, 4 * RANDOM_RESERVED // 4)


@cython.overflowcheck(False)
cdef void philox_fill_truncated_double(Philox* g, double* out, Py_ssize_t n) noexcept nogil:
    cdef Philox local
    cdef uint32_t words[4]
    cdef double pair[2]
    cdef Py_ssize_t start = 0, i, stop
    cdef int j
    while start < n:
        local = g[0]
        i = start
        stop = start + 2 if start + 2 < n else n
        while i < stop:
            philox_group(&local, words)
            box_muller_double(words, pair)
            for j in range(2):
                if fabs(pair[j]) < 2.0 and i < stop:
                    out[i] = pair[j]
                    i += 1
        start += 2
        philox_skip(g, 2 * RANDOM_RESERVED // 4)


# ---------------------------------------------------------------- shuffle, multinomial

@cython.overflowcheck(False)
cdef void philox_permute(Philox* g, int64_t* permutation, Py_ssize_t n) noexcept nogil:
    """Shuffle in place from the front, one word per swap."""
    cdef WordStream stream
    cdef Py_ssize_t i, j
    cdef int64_t held
    stream.state = g[0]
    stream.used = 4
    for i in range(n - 1):
        j = i + next_word(&stream) % <uint32_t>(n - i)
        held = permutation[i]
        permutation[i] = permutation[j]
        permutation[j] = held


@cython.overflowcheck(False)
cdef void philox_multinomial(
    Philox* g, const double* logits, double* cdf, int64_t* out, Py_ssize_t n_rows, Py_ssize_t n_classes,
    Py_ssize_t n_samples,
) noexcept nogil:
    """For each row invert the cumulative sum of ``exp(logits - max)``, which goes to `cdf`."""
    cdef WordStream stream
    cdef Py_ssize_t row, i, low, high, middle
    cdef uint32_t x0, x1
    cdef double largest, total, wanted
    stream.state = g[0]
    stream.used = 4
    for row in range(n_rows):
        largest = -1.7976931348623157e308
        for i in range(n_classes):
            if isfinite(logits[i]) and logits[i] > largest:
                largest = logits[i]
        total = 0.0
        for i in range(n_classes):
            if isfinite(logits[i]):
                total += exp(logits[i] - largest)
            cdf[i] = total
        for i in range(n_samples):
            x0 = next_word(&stream)
            x1 = next_word(&stream)
            wanted = words_to_double(x0, x1) * total
            low = 0              # the first class whose cumulative weight exceeds `wanted`
            high = n_classes
            while low < high:
                middle = (low + high) // 2
                if cdf[middle] > wanted:
                    high = middle
                else:
                    low = middle + 1
            out[i] = low
        logits += n_classes
        out += n_samples


# ---------------------------------------------------------------- gamma and Poisson

@cython.boundscheck(False)
cdef inline double next_uniform(UniformStream* s) noexcept nogil:
    cdef uint32_t words[4]
    if s.remaining == 0:
        philox_group(&s.state, words)
        s.values[0] = words_to_double(words[0], words[1])
        s.values[1] = words_to_double(words[2], words[3])
        s.remaining = 2
    s.remaining -= 1
    return s.values[s.remaining]


@cython.overflowcheck(False)
cdef void philox_gamma(
    Philox* g, const double* alphas, double* out, Py_ssize_t n_alphas, Py_ssize_t n_samples
) noexcept nogil:
    """Gamma by transformation and rejection (Marsaglia and Tsang 2000); `out` is (n_samples, n_alphas).

    Normals and uniforms are drawn from one generator in turns, in float64, each group used from its end.
    """
    cdef UniformStream s         # its state also serves the normals
    cdef uint32_t words[4]
    cdef double normals[2]
    cdef int n_normals
    cdef Py_ssize_t a, i
    cdef double alpha, d, c, x, v, u, value
    for a in range(n_alphas):
        alpha = alphas[a]
        # Below 1 sample for alpha + 1 and multiply by u**(1/alpha).
        d = alpha + (2.0 / 3 if alpha < 1 else -1.0 / 3)
        c = (1.0 / 3) / sqrt(d)
        for i in range(n_samples):
            s.state = g[0]
            s.remaining = 0
            philox_skip(&s.state, <uint64_t>RANDOM_RESERVED * <uint64_t>(a * n_samples + i))
            if alpha == 1:
                out[i * n_alphas + a] = -log1p(-next_uniform(&s))    # the exponential distribution
                continue
            n_normals = 0
            while True:
                if n_normals == 0:
                    philox_group(&s.state, words)
                    box_muller_double(words, normals)
                    n_normals = 2
                n_normals -= 1
                x = normals[n_normals]
                v = 1 + c * x
                if v <= 0:
                    continue
                v = v * v * v
                u = next_uniform(&s)
                # The first test holds nearly always and spares the logarithms.
                if u < 1 - 0.0331 * (x * x) * (x * x) or log(u) < 0.5 * x * x + d * (1 - v + log(v)):
                    value = d * v
                    if alpha < 1:
                        value *= pow(next_uniform(&s), 1 / alpha)
                    out[i * n_alphas + a] = value
                    break


@cython.overflowcheck(False)
cdef void philox_poisson(
    Philox* g, const double* rates, double* out, Py_ssize_t n_rates, Py_ssize_t n_samples
) noexcept nogil:
    """Poisson; `out` has shape (n_samples, n_rates).

    Rates below 10 multiply uniforms down to ``exp(-rate)`` (Knuth); others use the transformed rejection of
    Hoermann (1993).
    """
    cdef UniformStream s
    cdef Py_ssize_t r, i
    cdef double rate, limit, product, x, u, v, k, a, b, inverse_alpha, log_rate, shifted
    for r in range(n_rates):
        rate = rates[r]
        limit = exp(-rate)
        log_rate = log(rate)
        b = 0.931 + 2.53 * sqrt(rate)
        a = -0.059 + 0.02483 * b
        inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
        for i in range(n_samples):
            s.state = g[0]
            s.remaining = 0
            philox_skip(&s.state, <uint64_t>RANDOM_RESERVED * <uint64_t>(r * n_samples + i))
            if not isfinite(rate):
                out[i * n_rates + r] = NAN   # TF's kernel never comes back from these
                continue
            if rate < 10:
                product = 1
                x = 0
                while True:
                    product = product * next_uniform(&s)
                    if product <= limit:
                        break
                    x += 1
                out[i * n_rates + r] = x
                continue
            while True:
                u = next_uniform(&s) - 0.5
                v = next_uniform(&s)
                shifted = 0.5 - fabs(u)
                k = floor((2 * a / shifted + b) * u + rate + 0.43)
                if shifted >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2):
                    break
                if k < 0 or (shifted < 0.013 and v > shifted):
                    continue
                x = log(v * inverse_alpha / (a / (shifted * shifted) + b))
                if x <= -rate + k * log_rate - lgamma(k + 1):
                    break
            out[i * n_rates + r] = k


# ---------------------------------------------------------------- what Python sees

@cython.final
cdef class PhiloxGenerator:
    """The random stream of one op in one session.

    Parameters
    ----------
    seed, seed2 : int
        The op's attributes; the first is the key, the second the upper half of the counter. Both 0: seeds
        from the operating system.

    Thread-safety: reservations are made one at a time; what was reserved belongs to the caller.
    """

    cdef Philox state

    def __init__(self, seed=0, seed2=0):
        if seed == 0 and seed2 == 0:
            import os
            seed = int.from_bytes(os.urandom(8), "little")
            seed2 = int.from_bytes(os.urandom(8), "little")
        self._set(seed, seed2 << 64)

    @staticmethod
    def from_key_counter(key, counter):
        """The stream of a 64-bit key from a 128-bit counter on."""
        cdef PhiloxGenerator generator = PhiloxGenerator.__new__(PhiloxGenerator)
        generator._set(key, counter)
        return generator

    @staticmethod
    def from_stateless_seed(seed0, seed1):
        """The stream of a stateless seed: key and upper counter are one Philox group of the two numbers."""
        cdef PhiloxGenerator generator = PhiloxGenerator.from_key_counter(
            0x02461E293EC8F720, (seed0 & 0xFFFFFFFFFFFFFFFF) | (seed1 & 0xFFFFFFFFFFFFFFFF) << 64
        )
        cdef uint32_t words[4]
        philox_group(&generator.state, words)
        generator.state.key[0] = words[0]
        generator.state.key[1] = words[1]
        generator.state.counter[0] = generator.state.counter[1] = 0
        generator.state.counter[2] = words[2]
        generator.state.counter[3] = words[3]
        return generator

    cdef _set(self, key, counter):
        cdef int i
        for i in range(2):
            self.state.key[i] = (key >> (32 * i)) & 0xFFFFFFFF
        for i in range(4):
            self.state.counter[i] = (counter >> (32 * i)) & 0xFFFFFFFF

    @property
    def key(self):
        """64-bit key."""
        return self.state.key[0] | <object>self.state.key[1] << 32

    @property
    def counter(self):
        """128-bit counter of the next group."""
        cdef int i
        result = 0
        for i in range(4):
            result |= <object>self.state.counter[i] << (32 * i)
        return result

    def skip(self, n_groups):
        """Move on by `n_groups` groups of four words."""
        self.reserve(n_groups & 0xFFFFFFFFFFFFFFFF)

    cdef Philox reserve(self, uint64_t n_groups) noexcept:
        """The state before moving on by `n_groups` groups."""
        cdef Philox before
        with cython.critical_section(self):
            before = self.state
            philox_skip(&self.state, n_groups)
        return before


@cython.overflowcheck(False)
def random_fill(str kind, PhiloxGenerator generator not None, shape, dtype, lo=None, hi=None):
    """A new array of random numbers.

    Parameters
    ----------
    kind : {"uniform", "normal", "truncated_normal", "int", "bits"}
        Uniform in [0, 1); standard normal; the same within two standard deviations; integers in [lo, hi) with
        ``lo < hi``; integers over their whole range.
    generator : PhiloxGenerator
        Moves on by 256 groups per value.
    shape : sequence of int
    dtype : float16, float32 or float64; int32 or int64 for "int"; these or uint32, uint64 for "bits"
    """
    dtype = np.dtype(dtype)
    cdef str name = dtype.name
    cdef cnp.ndarray out = np.empty(tuple(shape), np.dtype(np.float32) if name == "float16" else dtype)
    cdef Py_ssize_t n = out.size
    cdef Philox g
    cdef void* data = cnp.PyArray_DATA(out)
    cdef convert_fn convert = NULL
    cdef bint is_truncated = False
    cdef int words_per_value = 1 if dtype.itemsize <= 4 else 2
    cdef int item_size = out.itemsize
    cdef IntRange ints

    if kind == "uniform":
        if name == "float32":
            convert = convert_float
        elif name == "float64":
            convert = convert_double
        elif name == "float16":
            convert = convert_half
    elif kind == "normal":
        if name == "float32" or name == "float16":
            convert = convert_normal_float
        elif name == "float64":
            convert = convert_normal_double
    elif kind == "truncated_normal":
        is_truncated = name == "float32" or name == "float16" or name == "float64"
    elif kind == "int":
        ints.low = lo
        ints.width = <uint64_t>(<int64_t>hi) - <uint64_t>ints.low
        if name == "int32":
            convert = convert_int32
        elif name == "int64":
            convert = convert_int64
    elif kind == "bits":
        if name == "int32" or name == "uint32":
            convert = convert_bits32
        elif name == "int64" or name == "uint64":
            convert = convert_bits64
    if convert == NULL and not is_truncated:
        raise NotImplementedError(f"Random numbers of kind {kind!r} are not made in dtype {name}.")

    g = generator.reserve(<uint64_t>n * RANDOM_RESERVED)
    with nogil:
        if is_truncated:
            if words_per_value == 1:
                philox_fill_truncated_float(&g, <float*>data, n)
            else:
                philox_fill_truncated_double(&g, <double*>data, n)
        else:
            philox_fill(&g, convert, data, n, item_size, words_per_value, &ints)
    return out.astype(np.float16) if name == "float16" else out


def random_shuffle(PhiloxGenerator generator not None, value):
    """`value` with its first dimension in random order; itself if there is nothing to reorder."""
    if value.ndim == 0 or value.size <= 1 or value.shape[0] <= 1:
        return value
    cdef Py_ssize_t n = value.shape[0]
    cdef cnp.ndarray order = np.arange(n, dtype=np.int64)
    cdef int64_t* data = <int64_t*>cnp.PyArray_DATA(order)
    cdef Philox g = generator.reserve((n - 1 + 3) // 4)
    with nogil:
        philox_permute(&g, data, n)
    return value.take(order, axis=0)


def random_multinomial(PhiloxGenerator generator not None, logits, Py_ssize_t n_samples, dtype):
    """Class indices drawn for each row of `logits`, shape (n_rows, n_samples).

    TF's kernel enters its stream anew for each thread's share of the rows, so it agrees with this one as long
    as it works in one thread (up to about ten thousand cycles of estimated work).
    """
    cdef cnp.ndarray weights = np.ascontiguousarray(logits, dtype=np.float64)
    cdef Py_ssize_t n_rows = logits.shape[0], n_classes = logits.shape[1]
    cdef cnp.ndarray out = np.empty((n_rows, n_samples), dtype=np.int64)
    cdef cnp.ndarray cdf = np.empty(n_classes, dtype=np.float64)
    cdef Philox g
    if out.size:
        g = generator.reserve(<uint64_t>(n_rows * ((n_samples + 3) // 4 * 4) * 2) * RANDOM_RESERVED)
        with nogil:
            philox_multinomial(
                &g, <double*>cnp.PyArray_DATA(weights), <double*>cnp.PyArray_DATA(cdf),
                <int64_t*>cnp.PyArray_DATA(out), n_rows, n_classes, n_samples,
            )
    return out.astype(dtype, copy=False)


def random_gamma(PhiloxGenerator generator not None, shape, alpha):
    """Gamma samples with scale 1, shape ``shape + alpha.shape``, dtype of `alpha`."""
    cdef cnp.ndarray alphas = np.ascontiguousarray(alpha, dtype=np.float64)
    cdef cnp.ndarray out = np.empty(tuple(shape) + alpha.shape, dtype=np.float64)
    cdef Py_ssize_t n_alphas = alphas.size
    cdef Py_ssize_t n_samples = out.size // n_alphas if n_alphas else 0
    cdef Philox g
    if out.size:
        g = generator.reserve(<uint64_t>out.size * RANDOM_RESERVED)
        with nogil:
            philox_gamma(
                &g, <double*>cnp.PyArray_DATA(alphas), <double*>cnp.PyArray_DATA(out), n_alphas, n_samples
            )
    return out.astype(alpha.dtype, copy=False)


def random_poisson(PhiloxGenerator generator not None, shape, rate, dtype):
    """Poisson samples, shape ``shape + rate.shape``."""
    cdef cnp.ndarray rates = np.ascontiguousarray(rate, dtype=np.float64)
    cdef cnp.ndarray out = np.empty(tuple(shape) + rate.shape, dtype=np.float64)
    cdef Py_ssize_t n_rates = rates.size
    cdef Py_ssize_t n_samples = out.size // n_rates if n_rates else 0
    cdef Philox g
    if out.size:
        g = generator.reserve(<uint64_t>out.size * RANDOM_RESERVED)
        with nogil:
            philox_poisson(
                &g, <double*>cnp.PyArray_DATA(rates), <double*>cnp.PyArray_DATA(out), n_rates, n_samples
            )
    return out.astype(dtype, copy=False)
