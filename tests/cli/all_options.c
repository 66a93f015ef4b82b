/* All options of the command: each has an effect in each verb that takes it. */
#include <stdarg.h>
#include <string.h>

#include "../../cli/options.h"
#include "../support/check.h"
#include "../support/command.h"

#define T (1u << CLI_TRAIN)
#define E (1u << CLI_EVALUATE)
#define P (1u << CLI_PREDICT)
#define I (1u << CLI_INFO)
#define C (1u << CLI_CROSS_VALIDATE)
#define M (1u << CLI_METRICS)
#define S (1u << CLI_INSPECT)
#define ALL (T | E | P | I | C | M | S)

/* The effect of an option. The command is run without it and with it: what is shown has the pattern only with it.
 * Shown are "status N", "lines N" of stdout, stdout, stderr, what a command that is run after it prints, and "file
 * NAME" for a file that was written. Without a pattern what is shown must differ, stderr left out. */
typedef struct effect {
    const char *option;
    unsigned verbs;
    const char *data; /* the table; NULL: t.csv; "": none is given */
    const char *more; /* arguments of both runs */
    const char *with; /* those of the second */
    const char *pattern;
    const char *after;   /* a command line, or the name of a file after @ */
    const char *before;  /* a command line that is run first; NULL: one that trains the model m */
    const char *replace; /* the whole command line of both runs, without `with` */
} effect;

#define OPTION(name, of, ...)                                                                                          \
    {                                                                                                                  \
        .option = name, .verbs = of, __VA_ARGS__                                                                       \
    }

/* An option of the model, which has it among its settings; it changes what a cross-validation prints. */
#define SETTING(name, value, is, ...)                                                                                  \
    OPTION(name, T, .with = "--" name " " value, .pattern = is, .after = "info --model m", __VA_ARGS__),               \
        OPTION(name, C, .with = "--" name " " value, __VA_ARGS__)

#define LOGITS "predict --model m --data t.csv --output logits"

static const effect effects[] = {
    /* Data. */
    OPTION("data", ALL, .data = "", .with = "--data t.csv", .pattern = "status 0"),
    OPTION("input", T, .replace = "train --data two.svm --model m --steps 3", .with = "--input libsvm",
           .pattern = "status 0"),
    OPTION("input", C, .replace = "cross-validate --data two.svm --folds 2 --steps 3", .with = "--input libsvm",
           .pattern = "status 0"),
    OPTION("input", E | P | S, .data = "two.svm", .with = "--input libsvm", .pattern = "status 0",
           .before = "train --data two.svm --input libsvm --steps 3 --model m"),
    OPTION("input", I, .replace = "info --data two.svm", .with = "--input libsvm", .pattern = "of f32"),
    OPTION("input", M, .with = "--input npz", .pattern = "--input npz: metrics reads a table"),
    OPTION("part", T, .replace = "train --data idx --steps 3 --model m", .with = "--part test",
           .pattern = "idx: 6 rows"),
    OPTION("part", C, .replace = "cross-validate --data idx --steps 3 --folds 2", .with = "--part test"),
    OPTION("part", I, .replace = "info --data idx", .with = "--part test", .pattern = "idx: 6 rows"),
    OPTION("part", E, .data = "idx", .with = "--part train", .before = "train --data idx --steps 3 --model m"),
    OPTION("part", P, .data = "idx", .with = "--part train", .pattern = "lines 9",
           .before = "train --data idx --steps 3 --model m"),
    OPTION("part", S, .data = "idx", .more = "--row 7", .with = "--part train", .pattern = "status 0",
           .before = "train --data idx --steps 3 --model m"),
    OPTION("model", T, .replace = "train --data t.csv --label y --steps 3", .with = "--model new",
           .pattern = "status 0"),
    OPTION("model", E | P | S, .replace = "VERB --data t.csv", .with = "--model m", .pattern = "status 0"),
    OPTION("model", I, .replace = "info", .with = "--model m", .pattern = "a classifier of gradtape"),

    /* Columns. */
    OPTION("task", T, .with = "--task regression", .pattern = "a regressor of", .after = "info --model m"),
    OPTION("task", I, .with = "--task regression", .pattern = "y       target"),
    OPTION("task", C, .with = "--task regression"),
    OPTION("task", M, .with = "--task regression"),
    OPTION("label", T, .replace = "train --data t.csv --steps 3 --model m", .with = "--label y", .pattern = "status 0"),
    OPTION("label", I, .replace = "info --data t.csv", .with = "--label y", .pattern = "y       label"),
    OPTION("label", C, .replace = "cross-validate --data t.csv --steps 3", .with = "--label y", .pattern = "status 0"),
    OPTION("label", M, .replace = "metrics --data t.csv --prediction p", .with = "--label y", .pattern = "status 0"),
    OPTION("ignore", T, .with = "--ignore a", .pattern = "60 rows, 2 columns"),
    OPTION("ignore", I, .with = "--ignore a", .pattern = "a       ignored"),
    OPTION("ignore", C, .with = "--ignore a"),
    OPTION("ignore", M, .with = "--ignore p", .pattern = "column \"p\" is two things"),
    OPTION("categorical", T, .with = "--categorical b", .pattern = "b: category", .after = "info --model m"),
    OPTION("categorical", I, .with = "--categorical b", .pattern = "b       category"),
    OPTION("categorical", C, .with = "--categorical b"),
    OPTION("numeric", T | C, .data = "mixed.csv", .more = "--categorical auto", .with = "--numeric b",
           .pattern = "in column \"b\" is not a number"),
    OPTION("numeric", I, .data = "mixed.csv", .more = "--categorical auto", .with = "--numeric b",
           .pattern = "refused: mixed.csv"),
    OPTION("id", T, .with = "--id a", .pattern = "60 rows, 2 columns"),
    OPTION("id", P, .data = "weighted.csv", .with = "--id w", .pattern = "w,label"),
    OPTION("id", I, .with = "--id a", .pattern = "a       id"),
    OPTION("id", C, .with = "--id a"),
    OPTION("weight", T, .with = "--weight b", .pattern = "60 rows, 2 columns"),
    OPTION("weight", E | C | M, .data = "weighted.csv", .with = "--weight w"),
    OPTION("weight", I, .with = "--weight b", .pattern = "b       weight"),
    OPTION("delimiter", ALL, .data = "semicolons.csv", .with = "--delimiter ';'", .pattern = "status 0"),
    OPTION("decimal", T | E | P | C | S, .data = "commas.csv", .more = "--delimiter ';'", .with = "--decimal ,",
           .pattern = "status 0"),
    OPTION("decimal", I, .data = "commas.csv", .more = "--delimiter ';'", .with = "--decimal ,",
           .pattern = "0.1 to 0.7"),
    OPTION("decimal", M, .replace = "metrics --data commas.csv --delimiter ';' --label y --scores b",
           .with = "--decimal ,", .pattern = "status 0"),
    OPTION("header", ALL, .data = "number.csv", .with = "--header", .pattern = "status 0"),
    OPTION("no-header", T | I | C, .replace = "VERB --data bare.csv --label 4 --model m --steps 3",
           .with = "--no-header", .pattern = "status 0"),
    OPTION("no-header", E | P | S, .with = "--no-header", .pattern = "has no column"),
    OPTION("no-header", M, .replace = "metrics --data bare.csv --label 4 --prediction 3", .with = "--no-header",
           .pattern = "status 0"),
    OPTION("missing", T | C, .data = "missing.csv", .more = "--impute mean", .with = "--missing ?",
           .pattern = "status 0"),
    OPTION("missing", E | P | S, .data = "missing.csv", .with = "--missing ?", .pattern = "status 0",
           .before = "train --data holes.csv --label y --impute mean --steps 3 --model m"),
    OPTION("missing", I, .data = "missing.csv", .with = "--missing ?", .pattern = "1 value missing"),
    OPTION("missing", M, .data = "missing.csv", .more = "--weight b", .with = "--missing ?",
           .pattern = "is '?', a missing value"),
    OPTION("as-f32", T, .data = "near.csv", .more = "--batch-size 60", .with = "--as-f32",
           .pattern = "step 3 of 3  loss 0.6931"),
    OPTION("as-f32", C, .data = "near.csv", .with = "--as-f32"),

    /* Network. */
    SETTING("hidden-units", "7", "hidden_units=7", .data = NULL),
    SETTING("activation", "tanh", "activation=tanh", .more = "--hidden-units 3"),
    SETTING("dropout", "0.5", "dropout=0.5", .more = "--hidden-units 3"),
    SETTING("head", "one_logit", "head=one_logit", .data = NULL),
    SETTING("label-smoothing", "0.25", "label_smoothing=0.25", .data = NULL),
    SETTING("scaling", "minmax", "scaling=minmax", .data = NULL),
    SETTING("target-scaling", "none", "--target-scaling none", .more = "--task regression"),
    SETTING("scaling-constant", "64", "scaling_constant=64", .more = "--scaling constant"),
    OPTION("impute", T, .data = "holes.csv", .with = "--impute level", .pattern = "impute=level",
           .after = "info --model m"),
    OPTION("impute", C, .data = "holes.csv", .with = "--impute mean", .pattern = "status 0"),
    SETTING("seed", "7", "seed=7", .more = "--hidden-units 3"),

    /* Training. */
    OPTION("steps", T, .replace = "train --data t.csv --label y --model m", .with = "--steps 7",
           .pattern = "step 7 of 7"),
    OPTION("steps", C, .replace = "cross-validate --data t.csv --label y --folds 2", .with = "--steps 7"),
    OPTION("to-step", T, .replace = "train --data t.csv --label y --model m", .with = "--to-step 7",
           .pattern = "step 7 of 7"),
    OPTION("epochs", T, .replace = "train --data t.csv --label y --model m", .with = "--epochs 3",
           .pattern = "step 6 of 6"),
    OPTION("epochs", C, .replace = "cross-validate --data t.csv --label y --folds 2", .with = "--epochs 3"),
    OPTION("batch-size", T, .with = "--batch-size 5", .pattern = "row 15 of 60", .after = "info --model m"),
    OPTION("batch-size", C, .with = "--batch-size 5"),
    SETTING("optimizer", "adam", "optimiser=adam ", .data = NULL),
    SETTING("rate", "0.5", "rate=0.5", .data = NULL),
    SETTING("schedule", "cosine:steps=2", "schedule=cosine", .data = NULL),
    SETTING("l2", "0.5", "l2=0.5", .data = NULL),
    SETTING("clip-norm", "0.01", "clip_norm=0.01", .data = NULL),
    SETTING("class-weight", "1=9", "class_weights=1,9", .data = NULL),
    OPTION("overfit-one-batch", T, .more = "--batch-size 5", .with = "--overfit-one-batch", .after = LOGITS),
    OPTION("warm-start", T, .with = "--warm-start other", .after = LOGITS,
           .before = "train --data t.csv --label y --steps 500 --model other"),
    OPTION("window", T, .with = "--window 7", .pattern = "t.csv: 60 rows, 3 columns\n"),
    OPTION("threads", T | E | P | C | S, .with = "--threads 1000", .pattern = "--threads: '1000' is not"),
    OPTION("folds", C, .replace = "cross-validate --data t.csv --label y --steps 3", .with = "--folds 3"),

    /* Validation. */
    OPTION("validation", T, .more = "--validate-every 1", .with = "--validation 0.5", .pattern = "best validation: "),
    OPTION("validate-every", T, .more = "--validation 0.5 --batch-size 5", .with = "--validate-every 1",
           .pattern = "best validation: "),
    OPTION("patience", T, .replace = "train --data noise.csv --label y --model m --validation 0.5 --steps 400 --rate 1",
           .with = "--patience 1", .pattern = "ended by: patience", .after = "info --model m"),
    OPTION("monitor", T, .replace = "train --data noise.csv --label y --model m --validation 0.5 --steps 400 --rate 1",
           .with = "--monitor accuracy", .after = "info --model m"),
    OPTION("least-improvement", T,
           .replace = "train --data t.csv --label y --model m --validation 0.5 --steps 60 --patience 3",
           .with = "--least-improvement 1", .pattern = "ended by: patience", .after = "info --model m"),

    /* Saving. */
    OPTION("resume", T, .replace = "train --data t.csv --label y --model m --steps 3", .with = "--resume",
           .pattern = "resumes at step 3 of 6"),
    OPTION("save-every", T, .replace = "train --data t.csv --label y --model new --steps 3 --keep 9",
           .with = "--save-every 1", .pattern = "file new.2"),
    OPTION("keep", T, .with = "--keep 1", .pattern = "file m.1"),
    OPTION("history", T, .with = "--history h.csv", .pattern = "step,", .after = "@h.csv"),

    /* Output. */
    OPTION("output", P, .with = "--output probabilities", .pattern = "0,1\n"),
    OPTION("format", P, .with = "--format jsonl", .pattern = "{\"label\":"),
    OPTION("prediction", M, .replace = "metrics --data t.csv --label y", .with = "--prediction p",
           .pattern = "status 0"),
    OPTION("probabilities", M, .replace = "metrics --data probs.csv --label y", .with = "--probabilities no,yes",
           .pattern = "status 0"),
    OPTION("scores", M, .replace = "metrics --data t.csv --label y", .with = "--scores a", .pattern = "status 0"),
    OPTION("row", S, .with = "--row 7"),
    OPTION("html", S, .with = "--html x.html", .pattern = "file x.html"),
    OPTION("text", S, .more = "--dot x.dot", .with = "--text"),
    OPTION("dot", S, .with = "--dot x.dot", .pattern = "digraph", .after = "@x.dot"),
    OPTION("json", S, .with = "--json x.json", .pattern = "{", .after = "@x.json"),
    OPTION("json", E | I | C | M, .with = "--json", .pattern = "{\""),
    OPTION("quiet", T | C, .with = "--quiet", .pattern = "stderr 0"),
    OPTION("quiet", M, .replace = "metrics --data t.csv --label y --scores a", .with = "--quiet",
           .pattern = "stderr 0"),
    OPTION("quiet", S, .more = "--dot x.dot", .with = "--quiet", .pattern = "stderr 0"),

    /* Other. */
    OPTION("config", ALL, .data = "", .with = "--config c.conf", .pattern = "status 0"),
    OPTION("help", ALL, .with = "--help", .pattern = "Usage: gradtape"),
};

/* Options that a verb takes so that one file of options can serve all verbs, and which change nothing there. */
static const struct {
    const char *option;
    unsigned verbs;
    const char *reason;
} without_effect[] = {
    {"quiet", E | P | I, "the verb says no notes"},
};

/* ---- Files ------------------------------------------------------------------------------------------------------- */

enum { ROWS = 60 };

/* A table of a, b, p and y, printed by a format, with a last line. */
static void write_rows(const char *name, const char *header, const char *format, const char *last)
{
    static char text[1 << 14];
    snprintf(text, sizeof text, "%s", header);
    for (int i = 0; i < ROWS; i++) {
        const size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, format, i, 1 + i % 7, i % 3 ? i % 2 : 1 - i % 2, i % 2);
    }
    strcat(text, last);
    write_file(name, text);
}

/* Labels that nothing tells. */
static void write_noise(void)
{
    static char text[1 << 14];
    uint64_t x = 7;
    strcpy(text, "a,b,y\n");
    for (int i = 0; i < 200; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        sprintf(text + strlen(text), "%d,%d,%d\n", (int)(x >> 40) % 100, (int)(x >> 50) % 100, (int)(x >> 33) % 2);
    }
    write_file("noise.csv", text);
}

static void write_idx(const char *part, unsigned rows)
{
    char name[80];
    file_bytes images = {.n = 0}, labels = {.n = 0};
    const unsigned char head[] = {0, 0, 8, 3, 0, 0, 0, (unsigned char)rows, 0, 0, 0, 2, 0, 0, 0, 1};
    put_bytes(&images, head, 16);
    put_bytes(&labels, (const unsigned char[]){0, 0, 8, 1, 0, 0, 0, (unsigned char)rows}, 8);
    for (unsigned i = 0; i < rows; i++) {
        put_number(&images, 17 * i, 1);
        put_number(&images, 200 - i, 1);
        put_number(&labels, i % 2, 1);
    }
    snprintf(name, sizeof name, "idx/%s-images-idx3-ubyte", part);
    write_file(name, "");
    save_bytes(name, &images);
    snprintf(name, sizeof name, "idx/%s-labels-idx1-ubyte", part);
    save_bytes(name, &labels);
}

static void write_files(void)
{
    write_rows("t.csv", "a,b,p,y\n", "%d,%d,%d,%d\n", "");
    write_rows("semicolons.csv", "a;b;p;y\n", "%d;%d;%d;%d\n", "");
    write_rows("commas.csv", "a;b;p;y\n", "%d;0,%d;%d;%d\n", "0;0,5;1;1\n");
    write_rows("number.csv", "a,b,p,y,7\n", "%d,%d,%d,%d,0\n", "");
    write_rows("weighted.csv", "a,b,p,y,w\n", "%1$d,%2$d,%3$d,%4$d,%2$d\n", "");
    write_file("probs.csv", "y,no,yes\nno,0.7,0.3\nyes,0.2,0.8\n");
    write_rows("bare.csv", "", "%d,%d,%d,%d\n", "");
    write_rows("mixed.csv", "a,b,p,y\n", "%d,%d,%d,%d\n", "1,x,0,1\n");
    write_rows("missing.csv", "a,b,p,y\n", "%d,%d,%d,%d\n", "1,?,0,1\n");
    write_rows("holes.csv", "a,b,p,y\n", "%d,%d,%d,%d\n", "1,,0,1\n");
    char text[4000] = "a,y\n";
    for (int i = 0; i < ROWS; i++)
        sprintf(text + strlen(text), "%d,%d\n", 16777216 + i % 2, i % 2);
    write_file("near.csv", text);
    write_file("two.svm", "0 1:2\n1 1:3\n0 1:1\n1 1:4\n");
    write_file("c.conf", "data = t.csv\nfolds = 2\nlabel = y\nprediction = p\n");
    write_noise();
    write_idx("train", 8);
    write_idx("t10k", 6);
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

static const char *const lines[CLI_VERBS] = {
    [CLI_TRAIN] = "train --label y --steps 3 --model m",
    [CLI_EVALUATE] = "evaluate --model m",
    [CLI_PREDICT] = "predict --model m",
    [CLI_INFO] = "info --label y",
    [CLI_CROSS_VALIDATE] = "cross-validate --label y --folds 2 --steps 3",
    [CLI_METRICS] = "metrics --label y --prediction p",
    [CLI_INSPECT] = "inspect --model m",
};

static char shown[1 << 18];

static void add(const char *format, ...)
{
    va_list list;
    const size_t n = strlen(shown);
    va_start(list, format);
    vsnprintf(shown + n, sizeof shown - n, format, list);
    va_end(list);
}

static void add_files(void)
{
    static const char *const names[] = {"new", "new.1", "new.2", "m.1", "x.html", "x.dot", "x.json", "h.csv"};
    for (int i = 0; i < COUNT(names); i++)
        if (file_exists(names[i]))
            add("file %s\n", names[i]);
}

static void add_after(const char *after)
{
    if (*after == '@')
        add("%s\n", file_exists(after + 1) ? read_text_file(after + 1) : "");
    else
        add("%s\n", run_command(after)->out);
}

/* The arguments of a verb; options of others are left out of lines that several share. */
static void make_line(char line[1000], const effect *e, cli_verb verb, bool with)
{
    const char *verb_name = cli_verbs[verb].name, *replace = e->replace;
    if (replace && !strncmp(replace, "VERB", 4)) {
        snprintf(line, 1000, "%s%s", verb_name, replace + 4);
        char *model = verb == CLI_TRAIN ? NULL : strstr(line, " --model m");
        if (model && (verb == CLI_INFO || verb == CLI_CROSS_VALIDATE))
            memmove(model, model + 10, strlen(model + 10) + 1);
        char *steps = verb == CLI_INFO ? strstr(line, " --steps 3") : NULL;
        if (steps)
            memmove(steps, steps + 10, strlen(steps + 10) + 1);
    } else if (replace) {
        snprintf(line, 1000, "%s", replace);
    } else {
        const char *data = e->data ? e->data : "t.csv";
        snprintf(line, 1000, "%s%s%s", lines[verb], *data ? " --data " : "", data);
    }
    const size_t n = strlen(line);
    snprintf(line + n, 1000 - n, " %s %s", e->more ? e->more : "", with ? e->with : "");
}

/* Runs it in a folder that has nothing but the tables and the model, and says what was to be seen. */
static const char *show(const effect *e, cli_verb verb, bool with)
{
    char line[1000];
    static char copy[2][sizeof shown];
    static const char *const written[] = {"m",     "m.1",   "other", "new",    "new.1",
                                          "new.2", "x.dot", "h.csv", "x.html", "x.json"};
    for (int i = 0; i < COUNT(written); i++)
        remove(path_in_folder(written[i]));
    run_command(e->before ? e->before : "train --data t.csv --label y --steps 3 --model m");
    expect_status(0);
    make_line(line, e, verb, with);
    const command_result *r = run_command(line);
    int n = 0;
    for (const char *at = r->out; (at = strchr(at, '\n')) != NULL; at++)
        n++;
    *shown = 0;
    add("status %d\nlines %d\nstderr %zu\n%s\n%s\n", r->status, n, e->pattern ? r->err_bytes : 0, r->out,
        e->pattern ? r->err : "");
    if (!e->pattern)
        ck_assert_msg(r->status == 0, "gradtape %s: %s", line, r->err);
    if (e->after)
        add_after(e->after);
    add_files();
    memcpy(copy[with], shown, sizeof shown);
    return copy[with];
}

static void check_effect(const effect *e, cli_verb verb)
{
    const char *without = show(e, verb, false), *with = show(e, verb, true);
    const char *pattern = e->pattern;
    if (!pattern)
        ck_assert_msg(strcmp(without, with) != 0, "--%s changes nothing of gradtape %s:\n%.2000s", e->option,
                      cli_verbs[verb].name, with);
    if (!pattern)
        return;
    ck_assert_msg(strstr(with, pattern), "--%s of gradtape %s does not show '%s' but\n%.2500s", e->option,
                  cli_verbs[verb].name, pattern, with);
    ck_assert_msg(!strstr(without, pattern), "gradtape %s shows '%s' without --%s too:\n%.2000s", cli_verbs[verb].name,
                  pattern, e->option, without);
}

/* Under a sanitizer every third row is run: there it is the code that is looked at, not the effect. */
#ifdef TESTS_FEW_TERMS
enum { STRIDE = 3 };
#else
enum { STRIDE = 1 };
#endif

START_TEST(an_option_has_an_effect)
{
    write_files();
    for (int verb = 0; verb < CLI_VERBS; verb++)
        if (effects[_i * STRIDE].verbs & 1u << verb)
            check_effect(&effects[_i * STRIDE], (cli_verb)verb);
}
END_TEST

START_TEST(each_option_has_a_row)
{
    for (int i = 0; i < cli_option_count; i++) {
        unsigned seen = 0;
        for (int k = 0; k < COUNT(effects); k++)
            if (!strcmp(effects[k].option, cli_options[i].name))
                seen |= effects[k].verbs;
        for (int k = 0; k < COUNT(without_effect); k++)
            if (!strcmp(without_effect[k].option, cli_options[i].name))
                seen |= without_effect[k].verbs;
        for (int verb = 0; verb < CLI_VERBS; verb++)
            ck_assert_msg(!(cli_options[i].verbs & 1u << verb) || seen & 1u << verb,
                          "no row of this test shows the effect of --%s in gradtape %s", cli_options[i].name,
                          cli_verbs[verb].name);
    }
}
END_TEST

/* A row whose option is gone shows nothing. */
START_TEST(each_row_has_an_option)
{
    for (int k = 0; k < COUNT(effects); k++)
        for (int verb = 0; verb < CLI_VERBS; verb++)
            if (effects[k].verbs & 1u << verb)
                ck_assert_msg(cli_option_of((cli_verb)verb, effects[k].option) >= 0, "gradtape %s has no --%s",
                              cli_verbs[verb].name, effects[k].option);
}
END_TEST

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* Each option but --config, --help and --warm-start has a field that says its type, and each verb's names are single.
 */
START_TEST(options_have_fields_and_single_names)
{
    for (int i = 0; i < cli_option_count; i++) {
        const cli_option *o = &cli_options[i];
        const bool has_none = !strcmp(o->name, "config") || !strcmp(o->name, "help");
        ck_assert_msg(has_none || cli_field_of(o), "--%s has no field", o->name);
        ck_assert_msg(o->verbs && o->meaning && *o->meaning && !strchr(o->meaning, '\n'), "--%s", o->name);
        for (int k = 0; k < i; k++)
            ck_assert_msg(strcmp(o->name, cli_options[k].name) != 0 || !(o->verbs & cli_options[k].verbs),
                          "--%s is there twice for a verb", o->name);
        if (i == 0 || !strcmp(o->group, cli_options[i - 1].group))
            continue;
        for (int k = 0; k < i; k++)
            ck_assert_msg(strcmp(o->group, cli_options[k].group) != 0, "the options of %s do not stand together",
                          o->group);
    }
}
END_TEST

/* What cannot change must be known of the run before; what names a file says so. */
START_TEST(flags_agree)
{
    for (int i = 0; i < cli_option_count; i++) {
        const cli_option *o = &cli_options[i];
        const bool has_file = o->argument && !strncmp(o->argument, "FILE", 4);
        ck_assert_msg(!(o->flags & (CLI_FIXED | CLI_FORM)) || o->flags & CLI_KEPT, "--%s is not kept", o->name);
        ck_assert_msg(!(o->flags & CLI_GOAL) || !(o->flags & CLI_KEPT), "--%s is kept", o->name);
        ck_assert_msg(o->part != CLI_ESTIMATOR || o->flags & CLI_FIXED, "--%s may change", o->name);
        ck_assert_msg(((o->flags & (CLI_READS | CLI_WRITES)) != 0) == has_file, "--%s", o->name);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, flags_agree);
    tcase_add_test(tests, each_option_has_a_row);
    tcase_add_test(tests, each_row_has_an_option);
    tcase_add_test(tests, options_have_fields_and_single_names);
    tcase_add_loop_test(tests, an_option_has_an_effect, 0, (COUNT(effects) + STRIDE - 1) / STRIDE);
}

int main(void) { return run_in_folder("all_options", add_tests); }
