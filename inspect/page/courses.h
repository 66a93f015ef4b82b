#ifndef INSPECT_PAGE_COURSES_H
#define INSPECT_PAGE_COURSES_H
/* The figures of a training as courses. */
#include "chart.h"

enum { AD_MOST_COURSES = 200 };

/* What is drawn. Each course lists its own points. */
typedef struct ad_courses {
    ad_sink *sink;
    ad_tape *tape;
    const ad_training *training;
    ad_course loss[2], accuracy; /* loss: of training and of validation */
    ad_course *rms, *update;     /* [n] each: of the parameters, in their order */
    size_t n;
    size_t more;         /* flows of parameters after the first AD_MOST_COURSES */
    uint64_t *hashes;    /* of the names, [n]: most names are not this one */
    int64_t first, last; /* of all steps */
    ad_course_point *points;
    size_t n_points, room;
    ad_memory memory;
} ad_courses;

/* Fails for what cannot be drawn. */
bool ad_check_training(ad_sink *sink, const ad_training *training);

/* Finds the courses of the training, which has a row or a flow. Returns false if memory is out. The caller frees them,
 * also then. */
bool ad_find_courses(ad_courses *courses);
void ad_free_courses(ad_courses *courses);

#endif
