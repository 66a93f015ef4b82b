/* Gradients of the two objectives of ADBench beside their units: the objectives as plain loops in C. Blocks of both
 * alternate, and the ratios are those of the fastest blocks.
 *
 * record: leaves, recording, backward and reset; replay: leaves changed, ad_replay and backward. */
#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adbench_units.h"
#include "arguments.h"
#include "timing.h"

enum { BLOCKS = 200 };

typedef struct setting {
    bool is_gmm;
    const char *file, *out;
    long threads;
} setting;

/* One of the two, as the loops below see it. */
typedef struct problem {
    bool is_gmm;
    gmm gmm;
    lstm lstm;
    double (*unit)(const struct problem *p);
} problem;

static double gmm_O2(const problem *p) { return gmm_unit_O2(&p->gmm); }
static double gmm_O3(const problem *p) { return gmm_unit_O3(&p->gmm); }
static double lstm_O2(const problem *p) { return lstm_unit_O2(&p->lstm); }
static double lstm_O3(const problem *p) { return lstm_unit_O3(&p->lstm); }

static recording record(const problem *p, ad_tape *t)
{
    return p->is_gmm ? gmm_record(t, &p->gmm) : lstm_record(t, &p->lstm);
}

static bool read_problem(problem *p, const setting *s)
{
    *p = (problem){.is_gmm = s->is_gmm};
    return p->is_gmm ? gmm_read(&p->gmm, s->file) : lstm_read(&p->lstm, s->file);
}

/* ---- Timing ------------------------------------------------------------------------------------------------------ */

/* What is timed; a tape that holds a recording, for replays. */
typedef struct subject {
    const problem *p;
    ad_tape *fresh, *held;
    recording recorded;
} subject;

static double sink;

static void run_unit(subject *s) { sink += s->p->unit(s->p); }

static void run_record(subject *s)
{
    ad_backward(record(s->p, s->fresh).loss);
    ad_reset(s->fresh);
}

static void run_replay(subject *s)
{
    for (int i = 0; i < s->recorded.n_leaves; i++)
        ad_assign(s->recorded.leaf[i], ad_data(s->recorded.leaf[i]));
    ad_replay(s->held);
    ad_backward(s->recorded.loss);
}

static double time_block(subject *s, void (*run)(subject *s), int times)
{
    const double start = seconds_now();
    for (int i = 0; i < times; i++)
        run(s);
    return (seconds_now() - start) / times;
}

typedef struct figures {
    double unit, record, replay;
} figures;

static figures time_all(subject *s, double (*const units[2])(const problem *p), problem *p)
{
    static double unit[2 * BLOCKS], recorded[BLOCKS], replayed[BLOCKS];
    p->unit = units[0];
    time_block(s, run_unit, 1);
    const int times = 1 + (int)(0.001 / time_block(s, run_unit, 1)); /* short, so that some blocks run undisturbed */
    time_block(s, run_record, 2);
    time_block(s, run_replay, 2);
    for (int i = 0; i < BLOCKS; i++) {
        p->unit = units[0];
        unit[2 * i] = time_block(s, run_unit, times);
        recorded[i] = time_block(s, run_record, times);
        p->unit = units[1];
        unit[2 * i + 1] = time_block(s, run_unit, times);
        replayed[i] = time_block(s, run_replay, times);
    }
    return (figures){timing_of(unit, 2 * BLOCKS).min, timing_of(recorded, BLOCKS).min, timing_of(replayed, BLOCKS).min};
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

static bool write_gradient(const recording *r, const char *file)
{
    FILE *f = fopen(file, "w");
    if (!f) {
        perror(file);
        return false;
    }
    fprintf(f, "%.17g\n", ad_item(r->loss));
    for (int i = 0; i < r->n_leaves; i++)
        for (size_t j = 0; j < ad_size_of(r->leaf[i]); j++)
            fprintf(f, "%.17g\n", ad_f64(ad_gradient(r->leaf[i]))[j]);
    const bool failed = ferror(f);
    if (fclose(f) || failed)
        perror(file);
    return !failed;
}

/* The largest of the differences, in blocks, from the known gradient, and of the value from the unit's. */
static double check(const problem *p, const recording *r, const char *file)
{
    size_t n = 0;
    double *known = read_known_gradient(file, &n);
    const double worst = print_gradient(r, known, n), value = p->unit(p);
    printf("the unit's objective is %.17g: difference %.1e%s\n", value, fabs(ad_item(r->loss) - value) / fabs(value),
           known ? "" : "; there is no known gradient beside the file");
    free(known);
    return fabs(ad_item(r->loss) - value) <= 1e-12 * fabs(value) ? worst : (double)INFINITY;
}

static bool measure(const setting *set, problem *p)
{
    double (*const units[2])(const problem *) = {p->is_gmm ? gmm_O2 : lstm_O2, p->is_gmm ? gmm_O3 : lstm_O3};
    p->unit = units[0];
    subject s = {.p = p, .fresh = ad_tape_open(NULL), .held = ad_tape_open(NULL)};
    s.recorded = record(p, s.held);
    ad_backward(s.recorded.loss);
    const double worst = ad_status_of(s.held) == AD_OK ? check(p, &s.recorded, set->file) : (double)NAN;
    const size_t peak = ad_usage_of(s.held).peak_bytes;
    const bool written = !set->out || write_gradient(&s.recorded, set->out);
    const figures f = time_all(&s, units, p);
    const bool is_right = ad_status_of(s.held) == AD_OK && ad_status_of(s.fresh) == AD_OK && written && worst <= 1e-10;
    if (!is_right)
        fprintf(stderr, "adbench: %s%s\n", ad_message(s.held), ad_message(s.fresh));
    printf("{\"bench\":\"adbench\",\"objective\":\"%s\",\"threads\":%ld,\"objective_us\":%.1f,\"record_us\":%.1f,"
           "\"replay_us\":%.1f,\"ratio_record\":%.3f,\"ratio_replay\":%.3f,\"max_difference\":%.3g,"
           "\"peak_bytes\":%zu}\n",
           p->is_gmm ? "gmm" : "lstm", set->threads, 1e6 * f.unit, 1e6 * f.record, 1e6 * f.replay, f.record / f.unit,
           f.replay / f.unit, worst, peak);
    ad_tape_close(s.fresh);
    ad_tape_close(s.held);
    return is_right;
}

/* ---- The command line -------------------------------------------------------------------------------------------- */

static const struct argp_option options[] = {
    {"threads", 't', "T", 0, "threads of the library; default 1", 0},
    {"write-gradient", 'w', "OUT", 0, "write the objective and then its gradient, one number a line", 0},
    {0}};

static error_t take(int key, char *text, struct argp_state *state)
{
    setting *s = state->input;
    switch (key) {
    case 't': s->threads = positive_argument(text, AD_MAX_THREADS, state); return 0;
    case 'w': s->out = text; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_usage(state);
        else if (state->arg_num == 1)
            s->file = text;
        else if (strcmp(text, "gmm") && strcmp(text, "lstm"))
            argp_error(state, "'%s': it must be gmm or lstm", text);
        else
            s->is_gmm = !strcmp(text, "gmm");
        return 0;
    case ARGP_KEY_END:
        if (!s->file)
            argp_usage(state);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {.options = options,
                                       .parser = take,
                                       .args_doc = "gmm|lstm FILE",
                                       .doc = "Time gradients of ADBench's objectives beside the objectives in C."};
    setting s = {.threads = 1};
    argp_parse(&parser, argc, argv, 0, NULL, &s);
    ad_set_threads((int)s.threads);
    problem p;
    if (!read_problem(&p, &s))
        return 2;
    const bool is_right = measure(&s, &p);
    gmm_free(&p.gmm);
    lstm_free(&p.lstm);
    return is_right ? 0 : 1;
}
