/* Gradients of the two objectives of ADBench beside their units: the objectives as plain loops in C. Blocks of both
 * alternate, and the ratios are those of the fastest blocks.
 *
 * record: leaves, recording, backward and reset; replay: leaves changed, ad_replay and backward. */
#include <argp.h>
#include <errno.h>
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

static bool print_numbers(const recording *r, FILE *f)
{
    bool good = fprintf(f, "%.17g\n", ad_item(r->loss)) > 0;
    for (int i = 0; i < r->n_leaves; i++)
        for (size_t j = 0; j < ad_size_of(r->leaf[i]); j++)
            good = fprintf(f, "%.17g\n", ad_f64(ad_gradient(r->leaf[i]))[j]) > 0 && good;
    return good;
}

/* Writes beside the file first, so that it is never there by half. */
static bool write_gradient(const recording *r, const char *file)
{
    char part[4096];
    if ((size_t)snprintf(part, sizeof part, "%s.part", file) >= sizeof part) {
        fprintf(stderr, "adbench: the name of %s is too long\n", file);
        return false;
    }
    FILE *f = fopen(part, "w");
    bool good = f && print_numbers(r, f);
    good = f && fclose(f) == 0 && good && rename(part, file) == 0;
    if (!good) {
        fprintf(stderr, "adbench: %s: %s\n", file, strerror(errno));
        remove(part);
    }
    return good;
}

/* Whether the gradient is the known one, if there is one, and the value that of the unit. */
static bool check(const problem *p, const recording *r, const known_gradient *known, double *largest)
{
    const bool is_known = print_gradient(r, known, largest);
    const double value = p->unit(p), off = fabs(ad_item(r->loss) - value) / fabs(value);
    printf("the unit's objective is %.17g: difference %.1e\n", value, off);
    if (!(off <= 1e-12))
        fprintf(stderr, "adbench: the objective is %.17g and the unit's %.17g: they differ by more than 1e-12\n",
                ad_item(r->loss), value);
    return is_known && off <= 1e-12;
}

/* A number of JSON, which has none that are not finite. */
static const char *json_number(double x, char text[32])
{
    snprintf(text, 32, isfinite(x) ? "%.3g" : "null", x);
    return text;
}

static bool measure(const setting *set, problem *p, const known_gradient *known)
{
    char text[32];
    double largest = (double)NAN;
    double (*const units[2])(const problem *) = {p->is_gmm ? gmm_O2 : lstm_O2, p->is_gmm ? gmm_O3 : lstm_O3};
    p->unit = units[0];
    subject s = {.p = p, .fresh = ad_tape_open(NULL), .held = ad_tape_open(NULL)};
    s.recorded = record(p, s.held);
    ad_backward(s.recorded.loss);
    bool is_right = ad_status_of(s.held) == AD_OK && check(p, &s.recorded, known, &largest);
    const size_t peak = ad_usage_of(s.held).peak_bytes;
    is_right = (!set->out || (ad_status_of(s.held) == AD_OK && write_gradient(&s.recorded, set->out))) && is_right;
    const figures f = time_all(&s, units, p);
    for (int i = 0; i < 2; i++)
        if (ad_status_of(i ? s.fresh : s.held) != AD_OK) {
            fprintf(stderr, "adbench: %s\n", ad_message(i ? s.fresh : s.held));
            is_right = false;
        }
    printf("{\"bench\":\"adbench\",\"objective\":\"%s\",\"threads\":%ld,\"objective_us\":%.1f,\"record_us\":%.1f,"
           "\"replay_us\":%.1f,\"ratio_record\":%.3f,\"ratio_replay\":%.3f,\"max_difference\":%s,"
           "\"peak_bytes\":%zu}\n",
           p->is_gmm ? "gmm" : "lstm", set->threads, 1e6 * f.unit, 1e6 * f.record, 1e6 * f.replay, f.record / f.unit,
           f.replay / f.unit, json_number(largest, text), peak);
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
    case 't': s->threads = positive_argument(text, AD_MAX_THREADS, "threads", state); return 0;
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
                                       .doc = "Time gradients of ADBench's objectives beside the objectives in C.\v"
                                              "FILE is NAME.txt; the gradient is compared with that of "
                                              "NAME.gradient.txt beside it, if there is one. The last line is JSON, "
                                              "where max_difference is null if nothing was compared. The exit status "
                                              "is 1 if something differs or fails, 2 if FILE is not right."};
    setting s = {.threads = 1};
    argp_parse(&parser, argc, argv, 0, NULL, &s);
    ad_set_threads((int)s.threads);
    problem p;
    if (!read_problem(&p, &s))
        return 2;
    known_gradient known;
    const bool is_right = read_known_gradient(s.file, &known) && measure(&s, &p, &known);
    free_known_gradient(&known);
    gmm_free(&p.gmm);
    lstm_free(&p.lstm);
    return is_right ? 0 : 1;
}
