/* The gradient of a filter (conv.h): sums over pixels.
 *
 * A tile is some elements of the window by some channels of the result. Gradients are packed, images are read where
 * they lie. How the pixels are cut into parts, whose sums are added in the end, follows from the shapes alone.
 */
#ifndef PYSCOPE_CONV_FILTER_H
#define PYSCOPE_CONV_FILTER_H

#include "conv.h"

enum {
    SUM_PIXELS = 4096,                           /* in a part at least */
    SUM_PARTS = 16,
    SUM_PART_BYTES = 1 << 20                     /* of a filter that several parts have each for themselves */
};

typedef struct {
    const conv_shape *s;
    const tile_set *set;
    const char *image, *grad;
    char *out;                                   /* a filter for each part */
    npy_intp size, n_parts, n_strips, n_shares;  /* strips of channels, and how many shares these are cut into */
    npy_intp n_units, band, group;
    int failed;
} filter_sum;

/* Items are a share of the channels of one part. Units are as those of `correlate`. */
static void sum_parts(void *ctx, npy_intp start, npy_intp stop)
{
    filter_sum *f = (filter_sum *)ctx;
    const conv_shape *s = f->s;
    const npy_intp size = f->size, pixel = s->depth * size, strip = 2 * f->set->lanes;
    const npy_intp reach_rows = (s->window[0] - 1) * s->dilation[0] + 1;
    const npy_intp reach = (s->window[1] - 1) * s->dilation[1] + 1;
    const npy_intp n_cols = (s->cols - 1) * s->stride[1] + reach;
    const int across = s->before[1] > 0 || n_cols - s->before[1] > s->width;
    const int joined = s->dilation[1] == 1;
    const npy_intp filter_size = s->window[0] * s->window[1] * s->depth * s->out_depth;
    const npy_intp most = f->group * f->band, elements = joined ? s->window[1] * s->depth : s->depth;
    const npy_intp n_tiles = (elements + f->set->rows - 1) / f->set->rows;
    const npy_intp share_strips = (f->n_strips + f->n_shares - 1) / f->n_shares;
    char *buffer = NULL, *packed = aligned_memory(most * s->cols * share_strips * strip * size);
    npy_intp *offsets = (npy_intp *)malloc(most * s->cols * sizeof(npy_intp));       /* of each pixel's window */
    tile_job job = {1, 0, 1, strip, s->out_depth, offsets, NULL, 0, NULL, 0, f->image, 0};
    if (offsets == NULL || packed == NULL)
        f->failed = 1;
    for (npy_intp item = start; item < stop && !f->failed; item++) {
        const npy_intp part = item / f->n_shares, share = item % f->n_shares;
        const npy_intp first_strip = f->n_strips * share / f->n_shares, first_unit = f->n_units * part / f->n_parts;
        const npy_intp end_strip = f->n_strips * (share + 1) / f->n_shares;
        const npy_intp end_unit = f->n_units * (part + 1) / f->n_parts;
        const npy_intp channel = first_strip * strip;
        const npy_intp n_channels = (end_strip * strip < s->out_depth ? end_strip * strip : s->out_depth) - channel;
        char *out = f->out + part * filter_size * size;
        for (npy_intp unit = first_unit; unit < end_unit; unit++) {
            const band_unit u = unit_of(unit, s->batch, f->group, s->rows, f->band, s->stride[0], -s->before[0],
                                        reach_rows);
            const npy_intp here = u.last - u.first;
            const char *image = f->image + u.image * s->image_step * size;
            const char *grad = f->grad + ((u.image * s->rows + u.first) * s->cols * s->out_depth + channel) * size;
            npy_intp line = s->width * s->depth, next = s->image_step;
            fetching ahead = {{NULL, NULL}, {0, 0}, 0};
            if (across || u.row < 0 || u.row + u.n_rows > s->height) {
                if (buffer == NULL)
                    buffer = aligned_memory(f->group * ((f->band - 1) * s->stride[0] + reach_rows) * n_cols * pixel);
                if (buffer == NULL) {
                    f->failed = 1;
                    break;
                }
                for (npy_intp i = 0; i < u.n_images; i++)
                    window_copy(buffer + i * u.n_rows * n_cols * pixel, image + i * next * size, s->height, s->width,
                                pixel, u.row, u.n_rows, -s->before[1], n_cols);
                image = buffer;
                line = n_cols * s->depth;
                next = u.n_rows * line;
            } else {
                image += (u.row * s->width - s->before[1]) * pixel;
            }
            /* A group has whole images, whose gradients follow each other. */
            job.n = u.n_images * here * s->cols;
            job.add = unit > first_unit || (s->add && f->n_parts == 1);
            pack_strips(packed, grad, job.n, n_channels, s->out_depth, strip, size);
            for (npy_intp j = 0, k = 0; j < u.n_images * here; j++)
                for (npy_intp x = 0; x < s->cols; x++, k++)
                    offsets[k] = j / here * next + j % here * s->stride[0] * line + x * s->stride[1] * s->depth;
            if (unit + 1 < end_unit) {
                const band_unit v = unit_of(unit + 1, s->batch, f->group, s->rows, f->band, s->stride[0], -s->before[0],
                                            reach_rows);
                npy_intp n_bytes;
                const char *from = unit_bytes(&v, f->image, s->height, s->width * pixel, s->image_step * size,
                                              &n_bytes);
                const npy_intp n_pixels = (v.n_images - 1) * s->rows * s->cols + (v.last - v.first) * s->cols;
                ahead = fetch_ahead(from, n_bytes,
                                    f->grad + (v.image * s->rows + v.first) * s->cols * s->out_depth * size,
                                    n_pixels * s->out_depth * size,
                                    job.n * s->window[0] * (joined ? 1 : s->window[1]) * n_tiles
                                        * (end_strip - first_strip));
            }
            for (npy_intp y = 0; y < s->window[0]; y++)
                for (npy_intp x = 0; x < (joined ? 1 : s->window[1]); x++)
                    for (npy_intp i = 0, e = 0; i < n_tiles; i++) {
                        const npy_intp end = elements * (i + 1) / n_tiles;
                        const npy_intp place = (y * s->window[1] + x) * s->depth + e;
                        for (npy_intp q = 0; q < n_channels; q += strip)
                            tile_strip(f->set, &job, &ahead, size, 0, end - e,
                                       n_channels - q < strip ? n_channels - q : strip,
                                       image + (y * s->dilation[0] * line + x * s->dilation[1] * s->depth + e) * size,
                                       packed + q * job.n * size,
                                       out + (place * s->out_depth + channel + q) * size);
                        e = end;
                    }
        }
    }
    free_aligned(buffer);
    free_aligned(packed);
    free(offsets);
}

typedef struct {
    const char *parts;
    char *out;
    npy_intp n_parts, filter_size;
    int is_double, add;
} part_sum;

static void add_parts(void *ctx, npy_intp start, npy_intp stop)
{
    const part_sum *p = (const part_sum *)ctx;
    const npy_intp size = p->is_double ? 8 : 4;
    if (!p->add)
        memcpy(p->out + start * size, p->parts + start * size, (stop - start) * size);
    for (npy_intp part = p->add ? 0 : 1; part < p->n_parts; part++)
        add_to(p->out + start * size, p->parts + (part * p->filter_size + start) * size, stop - start, p->is_double);
}

/* Let all pixels of all images be one image, with rows as long as fits a block. */
static void fold_pixels(conv_shape *s)
{
    const npy_intp n = s->batch * s->rows * s->cols, most = 256;
    npy_intp cols = n < most ? n : most;
    while (n % cols)
        cols--;
    s->batch = 1;
    s->image_step = n * s->depth;
    s->width = s->cols = cols;
    s->height = s->rows = n / cols;
}

/* 0: done; -1: no memory; -2: no tiles. */
static int conv_backward_filter(const conv_shape *given, const char *image, const char *grad, char *out)
{
    filter_sum f;
    conv_shape shape = *given, *s = &shape;
    const npy_intp size = s->is_double ? 8 : 4;
    const npy_intp filter_size = s->window[0] * s->window[1] * s->depth * s->out_depth;
    npy_intp line, work;
    if (is_product(s))
        fold_pixels(s);
    line = s->cols * (s->out_depth + s->stride[0] * s->stride[1] * s->depth) * size;
    memset(&f, 0, sizeof f);
    f.set = tiles_of(s->is_double, s->out_depth);
    if (f.set == NULL)
        return -2;
    f.s = s;
    f.image = image;
    f.grad = grad;
    f.out = out;
    f.size = size;
    f.n_strips = (s->out_depth + 2 * f.set->lanes - 1) / (2 * f.set->lanes);
    f.n_shares = f.n_parts = 1;
    f.band = BAND_BYTES / (line + 1);
    f.group = f.band / s->rows;
    if (f.group > s->batch / 4)
        f.group = s->batch / 4;                  /* something to share */
    if (f.group < 1)
        f.group = 1;
    if (f.band < 1)
        f.band = 1;
    if (f.band > s->rows)
        f.band = s->rows;
    f.n_units = (s->batch + f.group - 1) / f.group * ((s->rows + f.band - 1) / f.band);
    work = s->batch * s->rows * s->cols * filter_size;
    if (work >= 2000000) {
        if (filter_size * size > SUM_PART_BYTES) {
            f.n_shares = f.n_strips < SUM_PARTS ? f.n_strips : SUM_PARTS;
        } else {
            f.n_parts = s->batch * s->rows * s->cols / SUM_PIXELS;
            if (f.n_parts > SUM_PARTS)
                f.n_parts = SUM_PARTS;
            if (f.n_parts > f.n_units)
                f.n_parts = f.n_units;
            if (f.n_parts < 1)
                f.n_parts = 1;
        }
    }
    if (f.n_parts > 1) {
        f.out = (char *)malloc(f.n_parts * filter_size * size);
        if (f.out == NULL)
            return -1;
    }
    parallel_for(sum_parts, &f, f.n_parts * f.n_shares, 1);
    if (f.out != out) {
        part_sum p = {f.out, out, f.n_parts, filter_size, s->is_double, s->add};
        parallel_for(add_parts, &p, filter_size, 100000);
        free(f.out);
    }
    return f.failed ? -1 : 0;
}

#endif
