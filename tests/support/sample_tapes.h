#ifndef TESTS_SAMPLE_TAPES_H
#define TESTS_SAMPLE_TAPES_H
/* Tapes to show: what the suites of inspect/ have in common. */
#include <gradtape/gradtape.h>
#include <gradtape/inspect.h>

/* Each records on an empty tape, and leaves it watched. */
typedef struct sample_tape {
    const char *name;
    void (*record)(ad_tape *t);
} sample_tape;

extern const sample_tape sample_tapes[];
extern const int sample_tape_count;

/* The one of this name. */
void record_sample(ad_tape *t, const char *name);

/* Writes a tape as FOLDER/NAME.ENDING in n ways, and closes it. Returns how many failed; stderr says why. */
typedef struct sample_writer {
    const char *ending;
    ad_shown (*write)(ad_tape *t, const char *path, const ad_write_options *options);
} sample_writer;
int write_sample(ad_tape *t, const char *folder, const char *name, const sample_writer *writers, int n);

/* A random graph of f64 with its gradients; another one for each seed. */
void record_random(ad_tape *t, uint64_t seed);

/* A chain of n entries, scalars of f64 that stay finite, without a sweep. Returns the last. */
ad_tensor record_chain(ad_tape *t, size_t n);

/* Names that hold what must not break anything, each with how JSON's reader gives it back. */
typedef struct hostile_name {
    const char *name, *shown;
} hostile_name;
extern const hostile_name hostile_names[];
extern const int hostile_name_count;

#endif
