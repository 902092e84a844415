/* Convolutions of channels-last images, by tiles (tiles.h): forward, and both gradients.
 *
 * A band of rows of an image is copied with the zeros around it into a buffer that stays in the cache, or read where
 * it lies when there are none; a tile is then some pixels of one row by some channels, and its sum runs through the
 * window. The gradient of the image is a convolution of the gradient with the filter turned round, one for each phase
 * of the stride; that of the filter is a sum over pixels, its tiles some elements of the window by some channels.
 */
#ifndef PYSCOPE_CONV_H
#define PYSCOPE_CONV_H

#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "tiles.h"

typedef struct {                                 /* one convolution */
    npy_intp batch, height, width, depth;        /* images */
    npy_intp rows, cols, out_depth;              /* results */
    npy_intp window[2], stride[2], dilation[2], before[2];
    npy_intp image_step;                         /* elements from one image to the next */
    int is_double, add;                          /* to what the result holds */
} conv_shape;

enum { BAND_BYTES = 1 << 18 };                   /* of an image at a time: some of it stays in the nearest cache */

/* ------------------------------------------------------------- a correlation, the form of both */

typedef struct {
    const tile_set *set;
    npy_intp size;                               /* of an element */
    const char *from;                            /* images: height x width x depth */
    npy_intp height, width, depth, from_image;   /* elements from one to the next */
    npy_intp rows, cols, columns;                /* of the result */
    npy_intp taps[2], step[2], dilation[2];      /* windows: their elements, and the steps from one to the next */
    npy_intp origin[2];                          /* where in the image the first window starts; it may be outside */
    const char *weights;                         /* strips of columns, each taps x depth x strip */
    char *to;                                    /* first pixel of the result */
    npy_intp to_image, to_row, to_pixel;         /* elements from one to the next */
    const char *bias;                            /* a number to add to each column, strip by strip, or NULL */
    int rectify, add;
    npy_intp n_pixels;                           /* of one image where rows mean nothing: the last may be short; or 0 */
    npy_intp batch, band, group, n_units;        /* rows of the result and images done at a time */
    int failed;
} correlation;

static npy_intp round_up(npy_intp n, npy_intp to) { return (n + to - 1) / to * to; }

/* Memory that starts with a cache line, as vectors do that are read again and again; NULL if there is none. */
static char *aligned_memory(npy_intp n_bytes)
{
    char *given = (char *)malloc(n_bytes + 64 + sizeof(void *)), *p;
    if (given == NULL)
        return NULL;
    p = given + sizeof(void *) + 63;
    p -= (size_t)p % 64;
    memcpy(p - sizeof(void *), &given, sizeof(void *));
    return p;
}

static void free_aligned(char *p)
{
    void *given;
    if (p == NULL)
        return;
    memcpy(&given, p - sizeof(void *), sizeof(void *));
    free(given);
}

static void add_to(char *to, const char *from, npy_intp n, int is_double)
{
    if (is_double)
        for (npy_intp i = 0; i < n; i++)
            ((double *)to)[i] += ((const double *)from)[i];
    else
        for (npy_intp i = 0; i < n; i++)
            ((float *)to)[i] += ((const float *)from)[i];
}

/* Whether windows are single pixels, one for each pixel of the image: all are one product of matrices. */
static int is_product(const conv_shape *s)
{
    return s->window[0] == 1 && s->window[1] == 1 && s->stride[0] == 1 && s->stride[1] == 1 && s->rows == s->height
        && s->cols == s->width && s->image_step == s->height * s->width * s->depth;
}

/* Rows [row, row + n_rows) x columns [col, col + n_cols) of an image, with zeros where there is no image. */
static void window_copy(char *to, const char *from, npy_intp height, npy_intp width, npy_intp pixel, npy_intp row,
                        npy_intp n_rows, npy_intp col, npy_intp n_cols)
{
    const npy_intp left = col < 0 ? -col : 0;
    npy_intp right = col + n_cols - width;
    right = right > 0 ? right : 0;
    const npy_intp inside = n_cols - left - right;
    for (npy_intp r = row; r < row + n_rows; r++, to += n_cols * pixel) {
        if (r < 0 || r >= height || inside <= 0) {
            memset(to, 0, n_cols * pixel);
            continue;
        }
        memset(to, 0, left * pixel);
        memcpy(to + left * pixel, from + (r * width + col + left) * pixel, inside * pixel);
        memset(to + (left + inside) * pixel, 0, right * pixel);
    }
}

/* Memory that the next unit of work reads and writes, fetched into a near cache while the tiles of this one run. */
typedef struct {
    const char *from[2];
    npy_intp n_bytes[2];                         /* left to fetch */
    npy_intp step;                               /* bytes a term */
} fetching;

/* Spread over `n_terms` terms. */
static fetching fetch_ahead(const char *from, npy_intp n_bytes, const char *to, npy_intp to_bytes, npy_intp n_terms)
{
    const npy_intp step = (n_bytes + to_bytes) / (n_terms + 1) + 1;
    fetching f = {{from, to}, {n_bytes, to_bytes}, step < 64 ? step : 64};
    return f;
}

static void fetch_during(fetching *f, tile_job *job, npy_intp n_terms)
{
    for (int i = 0; i < 2; i++)
        if (f->n_bytes[i] > 0) {
            job->ahead = f->from[i];
            job->ahead_step = f->step;
            f->from[i] += n_terms * f->step;
            f->n_bytes[i] -= n_terms * f->step;
            return;
        }
    job->ahead_step = 0;
}

/* `rows` x `columns` of a product, columns of two vectors at most: tiles of nearly equal height. */
static void tile_strip(const tile_set *set, tile_job *job, fetching *next, npy_intp size, int by_row, npy_intp rows,
                       npy_intp columns, const char *a, const char *b, char *out)
{
    double part[TILE_MAX * 2 * 16];              /* a tile of which not all columns are wanted */
    const npy_intp a_row = job->row, ldo = job->ldo, n_tiles = (rows + set->rows - 1) / set->rows;
    const int vectors = columns > set->lanes ? 2 : 1;
    const npy_intp wide = vectors * set->lanes;
    npy_intp row = 0;
    for (npy_intp i = 0; i < n_tiles; i++) {
        const npy_intp n = rows * (i + 1) / n_tiles - row;
        const tile_fn tile = set->tiles[n - 1][vectors - 1][by_row];
        const char *from = a + row * a_row * size;
        char *to = out + row * ldo * size;
        fetch_during(next, job, job->n_outer * job->n);
        if (columns == wide) {
            tile(job, from, b, to);
        } else {
            if (job->add)
                for (npy_intp r = 0; r < n; r++) {
                    memset((char *)part + r * wide * size, 0, wide * size);
                    memcpy((char *)part + r * wide * size, to + r * ldo * size, columns * size);
                }
            job->ldo = wide;
            tile(job, from, b, part);
            job->ldo = ldo;
            for (npy_intp r = 0; r < n; r++)
                memcpy(to + r * ldo * size, (char *)part + r * wide * size, columns * size);
        }
        row += n;
    }
}

typedef struct {                                 /* bands of an image, or groups of whole images */
    npy_intp image, n_images;
    npy_intp first, last;                        /* rows of the result */
    npy_intp row, n_rows;                        /* of the images, some of them outside perhaps */
} band_unit;

static band_unit unit_of(npy_intp unit, npy_intp batch, npy_intp group, npy_intp rows, npy_intp band, npy_intp step,
                         npy_intp origin, npy_intp reach)
{
    const npy_intp n_bands = (rows + band - 1) / band;
    band_unit u;
    u.image = unit / n_bands * group;
    u.n_images = u.image + group < batch ? group : batch - u.image;
    u.first = unit % n_bands * band;
    u.last = u.first + band < rows ? u.first + band : rows;
    u.row = u.first * step + origin;
    u.n_rows = (u.last - u.first - 1) * step + reach;
    return u;
}

/* Where the images of a unit start in `from`, with `line` bytes a row and `next` an image, and how far they reach. */
static const char *unit_bytes(const band_unit *u, const char *from, npy_intp height, npy_intp line, npy_intp next,
                              npy_intp *n_bytes)
{
    const npy_intp start = u->row < 0 ? 0 : u->row;
    const npy_intp end = u->row + u->n_rows < height ? u->row + u->n_rows : height;
    *n_bytes = (u->n_images - 1) * next + (end - start) * line;
    return from + u->image * next + start * line;
}

/* Each strip of the filter is read once for a unit. */
static void correlate_units(void *ctx, npy_intp start, npy_intp stop)
{
    correlation *c = (correlation *)ctx;
    const npy_intp reach_rows = (c->taps[0] - 1) * c->dilation[0] + 1, reach = (c->taps[1] - 1) * c->dilation[1] + 1;
    const npy_intp n_cols = (c->cols - 1) * c->step[1] + reach, pixel = c->depth * c->size;
    const npy_intp across = c->origin[1] < 0 || c->origin[1] + n_cols > c->width;
    /* Elements of a window that follow each other are one run of terms. */
    const int joined = c->dilation[1] == 1;
    const npy_intp n_outer = joined ? c->taps[0] : c->taps[0] * c->taps[1];
    const npy_intp strip = 2 * c->set->lanes, n_strips = (c->columns + strip - 1) / strip;
    const npy_intp n_tiles = (c->cols + c->set->rows - 1) / c->set->rows;
    const npy_intp terms = c->taps[0] * c->taps[1] * c->depth * n_strips * n_tiles;      /* a row */
    char *buffer = NULL;
    npy_intp *offsets = (npy_intp *)malloc(2 * n_outer * sizeof(npy_intp));
    tile_job job = {n_outer, joined ? c->taps[1] * c->depth : c->depth, c->step[1] * c->depth, strip, c->to_pixel,
                    offsets, offsets + n_outer, c->add, NULL, c->rectify, c->from, 0};
    if (offsets == NULL) {
        c->failed = 1;
        return;
    }
    for (npy_intp unit = start; unit < stop; unit++) {
        const band_unit u = unit_of(unit, c->batch, c->group, c->rows, c->band, c->step[0], c->origin[0], reach_rows);
        const char *from = c->from + u.image * c->from_image * c->size;
        npy_intp line = c->width * c->depth, next = c->from_image;
        fetching ahead = {{NULL, NULL}, {0, 0}, 0};
        if (across || u.row < 0 || u.row + u.n_rows > c->height) {
            if (buffer == NULL)
                buffer = aligned_memory(c->group * ((c->band - 1) * c->step[0] + reach_rows) * n_cols * pixel);
            if (buffer == NULL) {
                c->failed = 1;
                break;
            }
            line = n_cols * c->depth;
            for (npy_intp n = 0; n < u.n_images; n++)
                window_copy(buffer + n * u.n_rows * n_cols * pixel, from + n * next * c->size, c->height, c->width,
                            pixel, u.row, u.n_rows, c->origin[1], n_cols);
            next = u.n_rows * line;
            from = buffer;
        } else {
            from += (u.row * c->width + c->origin[1]) * pixel;
        }
        for (npy_intp j = 0; j < n_outer; j++) {
            const npy_intp y = joined ? j : j / c->taps[1], x = joined ? 0 : j % c->taps[1];
            offsets[j] = y * c->dilation[0] * line + x * c->dilation[1] * c->depth;
            offsets[n_outer + j] = (y * c->taps[1] + x) * c->depth * strip;
        }
        if (unit + 1 < c->n_units) {
            const band_unit v = unit_of(unit + 1, c->batch, c->group, c->rows, c->band, c->step[0], c->origin[0],
                                        reach_rows);
            npy_intp n_bytes;
            const char *given = unit_bytes(&v, c->from, c->height, c->width * pixel, c->from_image * c->size,
                                           &n_bytes);
            ahead = fetch_ahead(given, n_bytes, c->to + (v.image * c->to_image + v.first * c->to_row) * c->size,
                                ((v.n_images - 1) * c->to_image + (v.last - v.first) * c->to_row) * c->size,
                                u.n_images * (u.last - u.first) * terms);
        }
        for (npy_intp q = 0; q < c->columns; q += strip) {
            job.bias = c->bias == NULL ? NULL : c->bias + q * c->size;
            for (npy_intp n = 0; n < u.n_images; n++)
                for (npy_intp y = u.first; y < u.last; y++)
                    tile_strip(c->set, &job, &ahead, c->size, 1,
                               c->n_pixels && (y + 1) * c->cols > c->n_pixels ? c->n_pixels - y * c->cols : c->cols,
                               c->columns - q < strip ? c->columns - q : strip,
                               from + (n * next + (y - u.first) * c->step[0] * line) * c->size,
                               c->weights + q * c->taps[0] * c->taps[1] * c->depth * c->size,
                               c->to + ((u.image + n) * c->to_image + y * c->to_row + q) * c->size);
        }
    }
    free(offsets);
    free_aligned(buffer);
}

static int correlate(correlation *c)
{
    const npy_intp line = ((c->cols - 1) * c->step[1] + c->taps[1] * c->dilation[1]) * c->depth * c->size;
    const npy_intp terms = c->taps[0] * c->taps[1] * c->depth * c->columns;
    c->band = BAND_BYTES / (line * c->step[0] + 1);
    c->group = 1;
    if (c->band >= 2 * c->rows && terms * c->size > BAND_BYTES)
        /* Small images: several of them for each time that a large filter is read. */
        c->group = c->band / c->rows * 2 < c->batch / pool_limit ? c->band / c->rows * 2 : c->batch / pool_limit;
    else if (c->batch < 4 * pool_limit && pool_limit > 1 && c->band > c->rows / (4 * pool_limit))
        c->band = c->rows / (4 * pool_limit);
    if (c->group < 1)
        c->group = 1;
    if (c->band < 1)
        c->band = 1;
    if (c->band > c->rows)
        c->band = c->rows;
    c->n_units = (c->batch + c->group - 1) / c->group * ((c->rows + c->band - 1) / c->band);
    c->failed = 0;
    /* A grain is some 20 us of products. */
    parallel_for(correlate_units, c, c->n_units, 1000000 / (terms * c->band * c->cols * c->group + 1) + 1);
    return c->failed ? -1 : 0;
}

/* Let all pixels of all images be one image of rows of some tiles each. */
static void join_pixels(correlation *c)
{
    c->n_pixels = c->batch * c->rows * c->cols;
    c->batch = 1;
    c->from_image = 0;
    c->cols = c->width = 8 * c->set->rows;
    c->rows = c->height = (c->n_pixels + c->cols - 1) / c->cols;
}

/* ------------------------------------------------------------- forward */

/* Rows of `n` elements, `ld` apart, as strips of columns: each strip's rows lie together, the last one's end is 0. */
static void pack_strips(char *to, const char *from, npy_intp rows, npy_intp n, npy_intp ld, npy_intp strip, npy_intp size)
{
    for (npy_intp q = 0; q < n; q += strip) {
        const npy_intp given = n - q < strip ? n - q : strip;
        for (npy_intp r = 0; r < rows; r++, to += strip * size) {
            memcpy(to, from + (r * ld + q) * size, given * size);
            memset(to + given * size, 0, (strip - given) * size);
        }
    }
}

/* A `bias` for each channel is added unless it is NULL, and what is negative then is 0 if it is to `rectify`.
 * 0: done; -1: no memory; -2: no tiles. */
static int conv_forward(const conv_shape *s, const char *image, const char *filter, const char *bias, int rectify,
                        char *out)
{
    correlation c;
    const npy_intp rows = s->window[0] * s->window[1] * s->depth;
    npy_intp strip, wide;
    char *packed;
    int status;
    memset(&c, 0, sizeof c);
    c.set = tiles_of(s->is_double, s->out_depth);
    if (c.set == NULL)
        return -2;
    c.size = s->is_double ? 8 : 4;
    strip = 2 * c.set->lanes;
    wide = round_up(s->out_depth, strip);
    packed = aligned_memory((rows + 1) * wide * c.size);
    if (packed == NULL)
        return -1;
    pack_strips(packed, filter, rows, s->out_depth, s->out_depth, strip, c.size);
    if (bias != NULL) {
        pack_strips(packed + rows * wide * c.size, bias, 1, s->out_depth, s->out_depth, strip, c.size);
        c.bias = packed + rows * wide * c.size;
    }
    c.rectify = rectify;
    c.weights = packed;
    c.from = image;
    c.batch = s->batch;
    c.to = out;
    c.height = s->height;
    c.width = s->width;
    c.depth = s->depth;
    c.from_image = s->image_step;
    c.add = s->add;
    c.rows = s->rows;
    c.cols = s->cols;
    c.columns = s->out_depth;
    for (int i = 0; i < 2; i++) {
        c.taps[i] = s->window[i];
        c.step[i] = s->stride[i];
        c.dilation[i] = s->dilation[i];
        c.origin[i] = -s->before[i];
    }
    if (is_product(s))
        join_pixels(&c);
    c.to_pixel = s->out_depth;
    c.to_row = c.cols * s->out_depth;
    c.to_image = s->rows * s->cols * s->out_depth;
    status = correlate(&c);
    free_aligned(packed);
    return status;
}

#endif
