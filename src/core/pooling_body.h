/* Pooling of channels-last images of one element type; pooling.h includes this for each.
 *
 * REAL, BITS     element type, and the integer of its size
 * LANES          how many of them a vector holds; not defined where the compiler has no vector types
 * POOL_TARGET    attribute that switches an instruction set on
 * POOL(name)     `name` with the suffix of the set
 */

POOL_TARGET static void POOL(max)(const pool_shape *s, const REAL *image, REAL *out)
{
    for (npy_intp y = 0; y < s->rows; y++)
        for (npy_intp x = 0; x < s->cols; x++, out += s->depth) {
            const pool_window w = window_at(s, y, x);
            const REAL *first = image + (w.row * s->width + w.col) * s->depth;
            memcpy(out, first, s->depth * sizeof(REAL));
            for (npy_intp i = 0; i < w.n_rows; i++)
                for (npy_intp j = i == 0; j < w.n_cols; j++) {
                    const REAL *seen = first + (i * s->width + j) * s->depth;
                    for (npy_intp c = 0; c < s->depth; c++)
                        out[c] = seen[c] > out[c] ? seen[c] : out[c];
                }
        }
}

/* The gradient goes to the first pixel of the window that has the maximum. */
static inline void POOL(max_grad_channel)(const pool_shape *s, const pool_window *w, const REAL *image, REAL up, REAL *out)
{
    REAL best = *image;
    npy_intp place = 0;
    for (npy_intp i = 0; i < w->n_rows; i++)
        for (npy_intp j = i == 0; j < w->n_cols; j++) {
            const npy_intp at = (i * s->width + j) * s->depth;
            if (image[at] > best) {
                best = image[at];
                place = at;
            }
        }
    out[place] += up;
}

#ifdef LANES
#define POOL_STEP LANES
typedef REAL POOL(vec) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
typedef BITS POOL(mask) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
#else
#define POOL_STEP (s->depth + 1)
#endif

POOL_TARGET static void POOL(max_grad)(const pool_shape *s, const REAL *image, const REAL *grad, REAL *out)
{
    /* Where each pixel lies in one window, all of them are written once. */
    const int alone = s->window[0] == s->stride[0] && s->window[1] == s->stride[1]
        && s->rows * s->stride[0] >= s->height + s->before[0] && s->cols * s->stride[1] >= s->width + s->before[1];
    if (!alone || s->depth % POOL_STEP != 0)
        memset(out, 0, s->height * s->width * s->depth * sizeof(REAL));
    for (npy_intp y = 0; y < s->rows; y++)
        for (npy_intp x = 0; x < s->cols; x++, grad += s->depth) {
            const pool_window w = window_at(s, y, x);
            const npy_intp first = (w.row * s->width + w.col) * s->depth;
            npy_intp c = 0;
#ifdef LANES
            for (; c + LANES <= s->depth; c += LANES) {
                const REAL *from = image + first + c;
                POOL(vec) best = *(const POOL(vec) *)from, which = {0};
                const POOL(mask) up = *(const POOL(mask) *)(grad + c);
                REAL number = 1;
                for (npy_intp i = 0; i < w.n_rows; i++)
                    for (npy_intp j = i == 0; j < w.n_cols; j++, number++) {
                        const POOL(vec) seen = *(const POOL(vec) *)(from + (i * s->width + j) * s->depth);
                        const POOL(mask) better = (POOL(mask))(seen > best);
                        const POOL(vec) here = number - (POOL(vec)){0};
                        best = (POOL(vec))((better & (POOL(mask))seen) | (~better & (POOL(mask))best));
                        which = (POOL(vec))((better & (POOL(mask))here) | (~better & (POOL(mask))which));
                    }
                number = 0;
                for (npy_intp i = 0; i < w.n_rows; i++)
                    for (npy_intp j = 0; j < w.n_cols; j++, number++) {
                        POOL(vec) *to = (POOL(vec) *)(out + first + c + (i * s->width + j) * s->depth);
                        const POOL(vec) here = (POOL(vec))((POOL(mask))(which == number) & up);
                        if (alone)
                            *to = here;
                        else
                            *to += here;
                    }
            }
#endif
            for (; c < s->depth; c++)
                POOL(max_grad_channel)(s, &w, image + first + c, grad[c], out + first + c);
        }
}

POOL_TARGET static void POOL(avg)(const pool_shape *s, const REAL *image, REAL *out)
{
    for (npy_intp y = 0; y < s->rows; y++)
        for (npy_intp x = 0; x < s->cols; x++, out += s->depth) {
            const pool_window w = window_at(s, y, x);
            const REAL *first = image + (w.row * s->width + w.col) * s->depth;
            const REAL count = (REAL)(w.n_rows * w.n_cols);
            memcpy(out, first, s->depth * sizeof(REAL));
            for (npy_intp i = 0; i < w.n_rows; i++)
                for (npy_intp j = i == 0; j < w.n_cols; j++) {
                    const REAL *seen = first + (i * s->width + j) * s->depth;
                    for (npy_intp c = 0; c < s->depth; c++)
                        out[c] += seen[c];
                }
            for (npy_intp c = 0; c < s->depth; c++)
                out[c] /= count;
        }
}

POOL_TARGET static void POOL(avg_grad)(const pool_shape *s, const REAL *image, const REAL *grad, REAL *out)
{
    (void)image;
    memset(out, 0, s->height * s->width * s->depth * sizeof(REAL));
    for (npy_intp y = 0; y < s->rows; y++)
        for (npy_intp x = 0; x < s->cols; x++, grad += s->depth) {
            const pool_window w = window_at(s, y, x);
            const REAL count = (REAL)(w.n_rows * w.n_cols);
            for (npy_intp i = 0; i < w.n_rows; i++)
                for (npy_intp j = 0; j < w.n_cols; j++) {
                    REAL *to = out + ((w.row + i) * s->width + w.col + j) * s->depth;
                    for (npy_intp c = 0; c < s->depth; c++)
                        to[c] += grad[c] / count;
                }
        }
}

static void POOL(images)(void *ctx, npy_intp start, npy_intp stop)
{
    pool_job *job = (pool_job *)ctx;
    const pool_shape *s = job->s;
    const npy_intp in = s->height * s->width * s->depth, made = s->rows * s->cols * s->depth;
    for (npy_intp n = start; n < stop; n++) {
        const REAL *image = job->image == NULL ? NULL : (const REAL *)job->image + n * in;
        const REAL *grad = job->grad == NULL ? NULL : (const REAL *)job->grad + n * made;
        REAL *out = (REAL *)job->out + n * (grad == NULL ? made : in);
        if (job->kind == POOL_MAX_OF)
            POOL(max)(s, image, out);
        else if (job->kind == POOL_MAX_GRAD)
            POOL(max_grad)(s, image, grad, out);
        else if (job->kind == POOL_AVG_OF)
            POOL(avg)(s, image, out);
        else
            POOL(avg_grad)(s, image, grad, out);
    }
}

#undef POOL
#undef POOL_STEP
#undef REAL
#undef BITS
#undef LANES
