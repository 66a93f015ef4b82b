/* Figures of the elements of an array. */
#include "statistics.h"

#include <math.h>
#include <string.h>

#include "values.h"

/* Counts, and the ends of the finite elements. */
static ad_statistics count(const void *data, ad_type type, size_t n)
{
    ad_statistics s = {.n = n, .min = NAN, .max = NAN, .mean = NAN, .deviation = NAN, .rms = NAN};
    for (size_t i = 0; i < n; i++) {
        const double x = ad_element_of(data, type, i);
        if (isfinite(x)) {
            s.zeros += x == 0;
            s.min = s.min <= x ? s.min : x;
            s.max = s.max >= x ? s.max : x;
        } else {
            s.not_finite++;
            s.norm = isnan(x) || isnan(s.norm) ? NAN : INFINITY;
        }
    }
    return s;
}

ad_statistics ad_statistics_of(const void *data, ad_type type, size_t n)
{
    ad_statistics s = count(data, type, n);
    const double number = (double)(n - s.not_finite);
    if (number == 0)
        return s;
    /* Elements are divided by the largest, so that no sum or square overflows or vanishes. */
    const double largest = fmax(fabs(s.min), fabs(s.max)), unit = largest > 0 ? largest : 1;
    double sum = 0, squares = 0, distances = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = ad_element_of(data, type, i) / unit;
        sum += isfinite(x) ? x : 0;
        squares += isfinite(x) ? x * x : 0;
    }
    const double mean = sum / number;
    for (size_t i = 0; i < n; i++) {
        const double distance = ad_element_of(data, type, i) / unit - mean;
        distances += isfinite(distance) ? distance * distance : 0;
    }
    s.mean = unit * mean;
    s.deviation = unit * sqrt(distances / number);
    s.rms = unit * sqrt(squares / number);
    if (s.not_finite == 0)
        s.norm = unit * sqrt(squares);
    return s;
}

void ad_fill_histogram(const void *data, ad_type type, const ad_statistics *s, size_t bins[AD_BINS])
{
    memset(bins, 0, AD_BINS * sizeof bins[0]);
    const double share = isfinite(s->max - s->min) ? 1 : 0.5, width = share * s->max - share * s->min;
    for (size_t i = 0; i < s->n; i++) {
        const double x = ad_element_of(data, type, i);
        if (!isfinite(x))
            continue;
        const double place = width > 0 ? (share * x - share * s->min) / width * AD_BINS : (double)(AD_BINS / 2);
        const int bin = place < AD_BINS ? (int)place : AD_BINS - 1;
        bins[bin]++;
    }
}
