#ifndef INSPECT_PAGE_CHART_H
#define INSPECT_PAGE_CHART_H
/* A drawing of lines over steps, as SVG. */
#include "page.h"

typedef struct ad_course_point {
    int64_t step;
    double y;
} ad_course_point;

typedef struct ad_course {
    const char *name, *what; /* "training", "training-loss" */
    bool is_parameter;       /* the name is that of a parameter: its label has no number */
    bool is_thin;            /* it has no label */
    ad_course_point *points;
    size_t n;
} ad_course;

/* At most AD_MOST_LABELS courses have a label. */
enum { AD_MOST_LABELS = 8 };

typedef struct ad_chart {
    const char *title;
    const ad_course *courses;
    size_t n;
    int64_t first, last; /* of the axis of steps */
    bool is_log;
    double from, to; /* a range that is marked as ok, of a logarithmic chart; 0, 0: none */
} ad_chart;

/* Writes nothing where no number is finite. */
void ad_put_chart(ad_sink *sink, const ad_chart *chart);

/* The last finite number of a course; NULL: it has none. */
const ad_course_point *ad_last_finite(const ad_course *course);

/* Writes the number of a step, from 10,000 on with thin spaces. It is at least 0. */
void ad_put_step(ad_sink *sink, int64_t step);

/* Writes a number of a step in an element of its own: data-what, data-of of a parameter, data-at, data-exact. */
void ad_put_step_figure(ad_sink *sink, const char *element, const ad_course *course, int64_t step, double x);

#endif
