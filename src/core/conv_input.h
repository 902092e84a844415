/* The gradient of images that are convolved (conv.h): a correlation of the gradient with the filter turned round, one
 * for each phase of the stride.
 */
#ifndef PYSCOPE_CONV_INPUT_H
#define PYSCOPE_CONV_INPUT_H

#include "conv.h"

/* The elements of the filter that meet one phase, turned round, with rows and columns exchanged, in strips. */
static void turn_filter(const conv_shape *s, const correlation *c, const npy_intp *phase, const char *filter, char *to)
{
    const npy_intp strip = 2 * c->set->lanes, taps = c->taps[0] * c->taps[1];
    for (npy_intp q = 0; q < s->depth; q += strip)
        for (npy_intp t = 0; t < taps; t++) {
            const npy_intp y = phase[0] + s->stride[0] * (c->taps[0] - 1 - t / c->taps[1]);
            const npy_intp x = phase[1] + s->stride[1] * (c->taps[1] - 1 - t % c->taps[1]);
            const char *from = filter + (y * s->window[1] + x) * s->depth * s->out_depth * c->size;
            const npy_intp n = s->depth - q < strip ? s->depth - q : strip;
            /* Blocks of a cache line both ways: rows may be a power of two apart, which would share few of the cache's sets. */
            for (npy_intp o = 0; o < s->out_depth; o += 16, to += 16 * strip * c->size) {
                const npy_intp stop = s->out_depth - o < 16 ? s->out_depth - o : 16;
                if (n < strip)
                    memset(to, 0, stop * strip * c->size);
                for (npy_intp i = 0; i < n; i++)
                    for (npy_intp k = 0; k < stop; k++)
                        if (s->is_double)
                            ((double *)to)[k * strip + i] = ((const double *)from)[(q + i) * s->out_depth + o + k];
                        else
                            ((float *)to)[k * strip + i] = ((const float *)from)[(q + i) * s->out_depth + o + k];
                if (stop < 16)
                    to -= (16 - stop) * strip * c->size;
            }
        }
}

/* Images of few channels would leave most of each vector empty, and steps of both kinds do not fall into phases. There,
 * a tile is some pixels of the gradient by some elements of the filter, and what it holds is added to the image. */

typedef struct {
    const conv_shape *s;
    const tile_set *set;
    const char *rows;                            /* the filter: out_depth x ld */
    const char *grad;
    char *out;
    npy_intp size, ld;
    int failed;
} scattering;

static void scatter_images(void *ctx, npy_intp start, npy_intp stop)
{
    scattering *c = (scattering *)ctx;
    const conv_shape *s = c->s;
    const npy_intp size = c->size, strip = 2 * c->set->lanes, zero = 0;
    char *products = aligned_memory(s->cols * c->ld * size);
    tile_job job = {1, s->out_depth, s->out_depth, c->ld, c->ld, &zero, &zero, 0, NULL, 0, c->grad, 0};
    fetching ahead = {{NULL, NULL}, {0, 0}, 0};
    if (products == NULL) {
        c->failed = 1;
        return;
    }
    for (npy_intp n = start; n < stop; n++) {
        char *image = c->out + n * s->image_step * size;
        if (!s->add)
            memset(image, 0, s->height * s->width * s->depth * size);
        for (npy_intp y = 0; y < s->rows; y++) {
            const char *grad = c->grad + (n * s->rows + y) * s->cols * s->out_depth * size;
            for (npy_intp q = 0; q < c->ld; q += strip)
                tile_strip(c->set, &job, &ahead, size, 1, s->cols, c->ld - q < strip ? c->ld - q : strip, grad,
                           c->rows + q * size, products + q * size);
            for (npy_intp i = 0; i < s->window[0]; i++) {
                const npy_intp row = y * s->stride[0] + i * s->dilation[0] - s->before[0];
                if (row < 0 || row >= s->height)
                    continue;
                for (npy_intp x = 0; x < s->cols; x++) {
                    const char *from = products + (x * c->ld + i * s->window[1] * s->depth) * size;
                    const npy_intp col = x * s->stride[1] - s->before[1];
                    if (s->dilation[1] == 1) {
                        const npy_intp first = col < 0 ? -col : 0;
                        const npy_intp last = col + s->window[1] > s->width ? s->width - col : s->window[1];
                        if (last > first)
                            add_to(image + (row * s->width + col + first) * s->depth * size,
                                   from + first * s->depth * size, (last - first) * s->depth, s->is_double);
                        continue;
                    }
                    for (npy_intp j = 0; j < s->window[1]; j++) {
                        const npy_intp at = col + j * s->dilation[1];
                        if (at >= 0 && at < s->width)
                            add_to(image + (row * s->width + at) * s->depth * size, from + j * s->depth * size, s->depth,
                                   s->is_double);
                    }
                }
            }
        }
    }
    free_aligned(products);
}

static int scatter_backward(const conv_shape *s, const char *filter, const char *grad, char *out)
{
    const npy_intp n = s->window[0] * s->window[1] * s->depth;
    scattering c = {s, tiles_of(s->is_double, n), NULL, grad, out, s->is_double ? 8 : 4, 0, 0};
    char *rows;
    if (c.set == NULL)
        return -2;
    c.ld = round_up(n, c.set->lanes);
    rows = aligned_memory(s->out_depth * c.ld * c.size);
    if (rows == NULL)
        return -1;
    memset(rows, 0, s->out_depth * c.ld * c.size);
    for (npy_intp i = 0; i < n; i++)
        for (npy_intp o = 0; o < s->out_depth; o++)
            memcpy(rows + (o * c.ld + i) * c.size, filter + (i * s->out_depth + o) * c.size, c.size);
    c.rows = rows;
    parallel_for(scatter_images, &c, s->batch, 1000000 / (s->rows * s->cols * s->out_depth * c.ld + 1) + 1);
    free_aligned(rows);
    return c.failed ? -1 : 0;
}

/* 0: done; -1: no memory; -2: no tiles. */
static int conv_backward_input(const conv_shape *s, const char *filter, const char *grad, char *out)
{
    correlation c;
    char *turned;
    int status = 0;
    memset(&c, 0, sizeof c);
    c.set = tiles_of(s->is_double, s->depth);
    if (c.set == NULL)
        return -2;
    if ((s->depth <= 4 && s->window[0] * s->window[1] > 1) || (s->dilation[0] > 1 && s->stride[0] > 1)
        || (s->dilation[1] > 1 && s->stride[1] > 1))
        return scatter_backward(s, filter, grad, out);
    c.size = s->is_double ? 8 : 4;
    turned = aligned_memory(s->window[0] * s->window[1] * s->out_depth * round_up(s->depth, 2 * c.set->lanes) * c.size);
    if (turned == NULL)
        return -1;
    if (!s->add && (s->window[0] < s->stride[0] || s->window[1] < s->stride[1]))
        memset(out, 0, s->batch * s->height * s->width * s->depth * c.size);     /* pixels that no window meets */
    c.from = grad;
    c.batch = s->batch;
    c.height = s->rows;
    c.width = s->cols;
    c.depth = s->out_depth;
    c.from_image = s->rows * s->cols * s->out_depth;
    c.add = s->add;
    c.columns = s->depth;
    c.weights = turned;
    c.step[0] = c.step[1] = 1;
    c.to_pixel = s->stride[1] * s->depth;
    c.to_row = s->stride[0] * s->width * s->depth;
    c.to_image = s->image_step;
    for (npy_intp p = 0; p < s->stride[0] * s->stride[1] && status == 0; p++) {
        const npy_intp phase[2] = {p / s->stride[1], p % s->stride[1]};
        const npy_intp extent[2] = {s->height, s->width};
        npy_intp first[2], count[2];
        for (int i = 0; i < 2; i++) {
            const npy_intp stride = s->stride[i];
            first[i] = ((phase[i] - s->before[i]) % stride + stride) % stride;   /* pixel where the phase starts */
            count[i] = (extent[i] - first[i] + stride - 1) / stride;
            c.taps[i] = (s->window[i] - phase[i] + stride - 1) / stride;
            c.dilation[i] = s->dilation[i];
            c.origin[i] = (first[i] + s->before[i] - phase[i]) / stride - (c.taps[i] - 1) * c.dilation[i];
        }
        if (count[0] <= 0 || count[1] <= 0 || c.taps[0] <= 0 || c.taps[1] <= 0)
            continue;
        c.rows = count[0];
        c.cols = count[1];
        c.to = out + (first[0] * s->width + first[1]) * s->depth * c.size;
        turn_filter(s, &c, phase, filter, turned);
        if (is_product(s)) {
            join_pixels(&c);
            c.to_row = c.cols * s->depth;
        }
        status = correlate(&c);
    }
    free_aligned(turned);
    return status;
}

#endif
