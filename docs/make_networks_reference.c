/* Prints docs/networks-reference.md from the tables of nn: `ninja -C build docs` writes it, and a test compares. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "../nn/options/fields.h"
#include "page.h"

/* ---- Fields ------------------------------------------------------------------------------------------------------ */

static const char *type_of(const nn_field *f)
{
    static const char *const names[NN_FIELD_TYPE_COUNT] = {
        [NN_FIELD_INTEGER] = "integer",   [NN_FIELD_REAL] = "real",   [NN_FIELD_SWITCH] = "switch",
        [NN_FIELD_CHOICE] = "name",       [NN_FIELD_TEXT] = "text",   [NN_FIELD_SEED] = "seed",
        [NN_FIELD_INTEGERS] = "integers", [NN_FIELD_REALS] = "reals", [NN_FIELD_INT32S] = "integers (i32)",
        [NN_FIELD_TEXTS] = "texts",       [NN_FIELD_ROW] = "name",    [NN_FIELD_LAYERS] = "layers"};
    return names[f->type];
}

static bool has_range(nn_range r) { return r.low != 0 || r.high != 0; }

static bool can_be_zero(nn_range r) { return !has_range(r) || (r.low < 0 || (r.low == 0 && !r.above_low)); }

static void print_number(double x)
{
    if (x == 0x1p52)
        printf("2^52");
    else
        printf("%.16g", x);
}

static void print_range(nn_range r)
{
    if (!has_range(r)) {
        printf("any");
        return;
    }
    printf("%s", r.above_low ? "above " : r.high >= 1e300 ? "at least " : "");
    print_number(r.low);
    if (r.high > 1e300)
        printf(", also inf");
    if (r.high >= 1e300)
        return;
    printf(r.below_high ? " to below " : r.above_low ? ", at most " : " to ");
    print_number(r.high);
}

/* The i-th name that the field takes, NULL after the last. */
static const char *name_at(const nn_field *f, int i)
{
    if (f->type == NN_FIELD_CHOICE)
        return f->choice(i);
    const void *row = f->row(i);
    return row ? f->row_name(row) : NULL;
}

static void print_names(const nn_field *f)
{
    const char *name, *before = "";
    for (int i = 0; (name = name_at(f, i)) != NULL; i++)
        if (*name) {
            printf("%s`%s`", before, name);
            before = ", ";
        }
}

static void print_values(const nn_field *f)
{
    switch (f->type) {
    case NN_FIELD_CHOICE:
    case NN_FIELD_ROW: print_names(f); break;
    case NN_FIELD_SWITCH: printf("`true`, `false`"); break;
    case NN_FIELD_SEED: printf("0 to 2^64 - 1"); break;
    case NN_FIELD_LAYERS: printf("at least one layer"); break;
    case NN_FIELD_INTEGERS: printf("up to %d, each ", f->count); /* falls through */
    case NN_FIELD_INTEGER:
    case NN_FIELD_REAL:
    case NN_FIELD_REALS: print_range(f->range); break;
    default: printf("any"); break;
    }
}

/* What 0 stands for where a row that another option names says it. */
static const char *default_by_row(const char *name)
{
    if (!strncmp(name, "clip_", 5) || !strcmp(name, "warm_up"))
        return "0";
    return !strncmp(name, NN_SCHEDULE_PREFIX, strlen(NN_SCHEDULE_PREFIX)) ? "the schedule's" : "the optimiser's";
}

static void print_default(const nn_field *f)
{
    const bool is_number = f->type == NN_FIELD_REAL || f->type == NN_FIELD_INTEGER;
    if (f->is_by_row && is_number && f->standard == 0) {
        printf("%s", default_by_row(f->name));
        return;
    }
    switch (f->type) {
    case NN_FIELD_INTEGER:
    case NN_FIELD_REAL:
        if (f->standard != 0 || can_be_zero(f->range))
            printf("%.16g", f->standard);
        else if (f->can_be_unset)
            printf("none");
        else
            printf("must be given");
        break;
    case NN_FIELD_CHOICE: printf("`%s`", f->choice((int)f->standard)); break;
    case NN_FIELD_ROW: printf("`%s`", f->row_name(f->standard_row)); break;
    case NN_FIELD_SWITCH: printf("`false`"); break;
    case NN_FIELD_SEED: printf("0"); break;
    case NN_FIELD_LAYERS: printf("must be given"); break;
    default: printf("none"); break;
    }
}

/* The cells of a field: option, meaning, type, default, values. */
static void print_field(const nn_field *f)
{
    printf("`%s` | ", f->name);
    print_cell(f->meaning);
    printf(" | %s | ", type_of(f));
    print_default(f);
    printf(" | ");
    print_values(f);
    printf(" |\n");
}

/* ---- Kinds of layers --------------------------------------------------------------------------------------------- */

static const char *option_at(const nn_layer_kind *kind, size_t offset)
{
    for (size_t i = 0; i < kind->fields.n; i++)
        if (kind->fields.at[i].offset == offset)
            return kind->fields.at[i].name;
    return "?";
}

static void print_size(const nn_layer_kind *kind, const nn_size *size)
{
    const char *const axis = size->axis == 0 ? "first" : size->axis == -1 ? "last" : "other";
    if (size->from == NN_SIZE_FIXED || size->times > 1)
        printf("%lld", (long long)size->times);
    if (size->from != NN_SIZE_FIXED)
        printf("%s%s", size->times > 1 ? " " : "",
               size->from == NN_SIZE_OF_INPUT ? axis : option_at(kind, size->offset));
}

static void print_part(const nn_layer_kind *kind, const nn_part *part)
{
    static const char *const roles[NN_ROLE_COUNT] = {"weight", "bias", "gain", "state"};
    printf("| `%s` | `%s` | [", kind->name, part->name);
    for (int i = 0; i < part->rank; i++) {
        printf("%s", i ? ", " : "");
        print_size(kind, &part->sizes[i]);
    }
    printf("] | %s | `%s`", roles[part->role], nn_initialiser_name((int)part->initialiser));
    if (part->chosen_by)
        printf(", or the option `%s`", option_at(kind, part->chosen_by));
    printf(" | %s%s%s |\n", part->left_out_by ? "`" : "", part->left_out_by ? option_at(kind, part->left_out_by) : "",
           part->left_out_by ? "`" : "");
}

static void print_kinds(void)
{
    printf("## Kinds of layers\n\n"
           "The kind NAME is the row `nn_NAME`, declared in `layers.h`. x is what enters the layer.\n\n"
           "| kind | y |\n|---|---|\n");
    for (size_t i = 0; i < nn_layer_kind_count(); i++) {
        printf("| `%s` | ", nn_layer_kind_at(i)->name);
        print_cell(nn_layer_kind_at(i)->formula);
        printf(" |\n");
    }
    printf("\nTheir options. In a struct 0 stands for the default.\n\n"
           "| kind | option | meaning | type | default | values |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < nn_layer_kind_count(); i++)
        for (size_t j = 0; j < nn_layer_kind_at(i)->fields.n; j++) {
            printf("| `%s` | ", nn_layer_kind_at(i)->name);
            print_field(&nn_layer_kind_at(i)->fields.at[j]);
        }
    printf(
        "\nTheir parts. In a shape, first and last are the first and the last size of one example of x, and a name is\n"
        "an option of the kind. Weights decay, gains and biases do not unless a group asks for it. States change by\n"
        "proposals (`ad_propose`), without a gradient.\n\n"
        "| kind | part | shape | role | begins as | left out by |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < nn_layer_kind_count(); i++)
        for (size_t j = 0; j < nn_layer_kind_at(i)->n_parts; j++)
            print_part(nn_layer_kind_at(i), &nn_layer_kind_at(i)->parts[j]);
}

/* ---- Activations and initialisers -------------------------------------------------------------------------------- */

static bool is_activation(const char *function) { return nn_activation_named(function) != AD_ACTIVATION_COUNT; }

static void print_functions(void)
{
    printf(
        "\n## Activations\n\n"
        "The kind `activation` takes each of these functions. `dense` and the estimators take those that say so: they\n"
        "are computed together with the product. [operators.md](operators.md) has their gradients.\n\n"
        "| function | f(x) | in `dense` |\n|---|---|---|\n");
    for (int i = 1; i < NN_FUNCTION_COUNT; i++) {
        const char *const name = nn_function_name(i);
        const ad_operator *const op = ad_operator_named(name);
        printf("| `%s` | ", name);
        print_cell(op ? op->formula : "x");
        printf(" | %s |\n", is_activation(name) ? "yes" : "");
    }
}

static void print_initialisers(void)
{
    printf("\n## Initialisers\n\n"
           "d is the number of inputs of a unit, h that of the units that an input reaches. Weights are [d, h].\n"
           "`layers.h` says what d and h are for parts of other ranks.\n\n"
           "| initialiser | numbers |\n|---|---|\n");
    for (int i = 1; i < NN_INITIALISER_COUNT; i++) {
        printf("| `%s` | ", nn_initialiser_name(i));
        print_cell(nn_initialiser_formula(i));
        printf(" |\n");
    }
}

/* ---- Heads ------------------------------------------------------------------------------------------------------- */

static void print_count(const nn_head *head)
{
    if (head->most == head->least)
        printf("%lld", (long long)head->least);
    else if (head->most)
        printf("%lld to %lld", (long long)head->least, (long long)head->most);
    else
        printf("%lld or more", (long long)head->least);
    if (head->outputs)
        printf(" | %lld", (long long)head->outputs(head->least));
    else
        printf(" | k");
}

static void print_head(const nn_head *head)
{
    printf("| `%s` | ", head->name);
    print_cell(head->loss_formula);
    printf(" | ");
    print_cell(head->prediction_formula);
    printf(" | %s | ", nn_task_name(head->task));
    print_count(head);
    printf(" | ");
    for (size_t i = 0; i < head->fields.n; i++)
        printf("%s`%s`", i ? ", " : "", head->fields.at[i].name);
    printf(" |\n");
}

/* The figures of this head and of those after it that have the same. */
static void print_figures(size_t head)
{
    const nn_head_figure *const figures = nn_head_at(head)->figures;
    for (size_t i = 0; i < head; i++)
        if (nn_head_at(i)->figures == figures)
            return;
    for (size_t j = 0; j < nn_head_at(head)->n_figures; j++) {
        printf("| `%s`", nn_head_at(head)->name);
        for (size_t i = head + 1; i < nn_head_count(); i++)
            if (nn_head_at(i)->figures == figures)
                printf(", `%s`", nn_head_at(i)->name);
        const nn_head_figure *const f = &figures[j];
        printf(" | `%s` | `%s` of %s", f->name, f->metric, nn_task_name(f->task));
        if (f->element)
            printf(", number %d", f->element);
        if (f->k)
            printf(" | %lld |\n", (long long)f->k);
        else
            printf(" | any |\n");
    }
}

static void print_heads(void)
{
    printf(
        "\n## Heads\n\n"
        "The head NAME is the row `nn_head_NAME`, declared in `heads.h`. z are the logits, y is what is true, k the\n"
        "number of classes, labels or targets, s `label_smoothing`. The loss is that of one example; means are\n"
        "over the labels or targets.\n\n"
        "| head | loss | prediction | task | k | logits | options |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < nn_head_count(); i++)
        print_head(nn_head_at(i));
    printf("\n| option | meaning | type | default | values |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < nn_head_count(); i++) {
        const nn_fields fields = nn_head_at(i)->fields;
        for (size_t j = 0; j < fields.n && (i == 0 || nn_head_at(i - 1)->fields.at != fields.at); j++) {
            printf("| ");
            print_field(&fields.at[j]);
        }
    }
    printf("\nAn evaluation has the loss, the accuracy for classes and labels, and these figures. Numbers of a metric\n"
           "count from 0.\n\n"
           "| heads | figure | metric | k |\n|---|---|---|---|\n");
    for (size_t i = 0; i < nn_head_count(); i++)
        print_figures(i);
}

/* ---- Optimisers -------------------------------------------------------------------------------------------------- */

/* The number at the end of the name of a state, LBFGS_step_3, and the length of what stands before it. -1: there is
 * none. */
static int number_of(const char *name, size_t *length)
{
    const char *const last = strrchr(name, '_');
    *length = strlen(name);
    if (!last || !last[1] || last[1 + strspn(last + 1, "0123456789")])
        return -1;
    *length = (size_t)(last + 1 - name);
    return atoi(last + 1);
}

/* What a rule keeps for a parameter, as it makes it. Names that end in numbers are put as the first and the last. */
static void print_states(const nn_optimiser *rule)
{
    ad_tape *const t = ad_tape_open(NULL);
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), NULL, "x");
    if (nn_optimiser_prepare(&(nn_optimiser_options){.rule = rule}, &x, 1) != AD_OK)
        exit(1);
    bool is_first = true;
    for (size_t i = 1; i < ad_kept_count(t); i++) {
        const char *const name = strchr(ad_name_of(ad_kept_at(t, i)), '/') + 1;
        size_t length, other_length;
        const int number = number_of(name, &length);
        int largest = number;
        for (size_t j = 1; j < ad_kept_count(t); j++) {
            const char *const other = strchr(ad_name_of(ad_kept_at(t, j)), '/') + 1;
            const int n = number_of(other, &other_length);
            if (other_length == length && n > largest && !strncmp(name, other, length))
                largest = n;
        }
        if (number > 0)
            continue;
        printf("%s%s", is_first ? "" : ", ", name);
        if (largest > number)
            printf(" to %d", largest);
        is_first = false;
    }
    ad_tape_close(t);
}

static void print_optimiser(const nn_optimiser *rule)
{
    printf("| `%s` | ", rule->name);
    print_cell(rule->formula);
    printf(" | %s | ", rule->source);
    print_states(rule);
    printf(" |\n");
}

static void print_optimisers(void)
{
    printf(
        "\n## Optimisers\n\n"
        "The optimiser NAME is the row `nn_NAME`, declared in `optimisers.h`. g is the gradient, once it is clipped\n"
        "and l1 sign(x) + l2 x is added, a the rate, t the step from 1 on. Before the rule, decay makes x smaller:\n"
        "x <- (1 - a decay) x. States are slots of each parameter with the default options. The default of the\n"
        "rate is that of the source, or of the program that is named after it.\n\n"
        "| optimiser | update | source | states |\n|---|---|---|---|\n");
    for (size_t i = 0; i < nn_optimiser_count(); i++)
        print_optimiser(nn_optimiser_at(i));
    printf("\nTheir options. One that is given to an optimiser that does not read it is an error.\n\n"
           "| optimiser | option | meaning | type | default | values |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < nn_optimiser_count(); i++)
        for (size_t j = 0; j < nn_optimiser_at(i)->fields.n; j++) {
            printf("| `%s` | ", nn_optimiser_at(i)->name);
            print_field(&nn_optimiser_at(i)->fields.at[j]);
        }
}

static void print_schedules(void)
{
    printf(
        "\n## Schedules\n\n"
        "The schedule NAME is the row `nn_schedule_NAME`, declared in `schedules.h`. It gives a factor on the rate. s\n"
        "are the steps after the warm-up, from 0 on, S is `steps`, b is `factor`. In the first `warm_up` steps the\n"
        "factor rises in a line, to 1 at the last of them (Goyal et al. 2017).\n\n"
        "| schedule | factor | source |\n|---|---|---|\n");
    for (size_t i = 0; i < nn_schedule_count(); i++) {
        const nn_schedule *const rule = nn_schedule_at(i);
        printf("| `%s` | ", rule->name);
        print_cell(rule->formula);
        printf(" | %s |\n", rule->source);
    }
    printf("\nTheir options. One that is given to a schedule that does not read it is an error.\n\n"
           "| schedule | option | meaning | type | default | values |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < nn_schedule_count(); i++)
        for (size_t j = 0; j < nn_schedule_at(i)->fields.n; j++) {
            printf("| `%s` | ", nn_schedule_at(i)->name);
            print_field(&nn_schedule_at(i)->fields.at[j]);
        }
}

/* ---- Metrics and estimators -------------------------------------------------------------------------------------- */

static void print_metrics(void)
{
    static const char *const intros[NN_TASK_COUNT] = {
        "`NN_CLASSES`: one of k classes for each row.", "`NN_SCORES`: 0 or 1 for each row, by a score of any range.",
        "`NN_LABELS`: several labels for each row, each 0 or 1.",
        "`NN_REGRESSION`: targets y and predictions f, one or more for each row."};
    printf("\n## Metrics\n\n"
           "`nn_metrics_open` (`metrics.h`) computes all figures of a task. Rows count by their weights. A hit of a\n"
           "class is a row of the class that was called so, a false alarm a row of another that was, a miss a row of\n"
           "the class that was not.\n");
    for (int task = 0; task < NN_TASK_COUNT; task++) {
        printf("\n%s\n\n| metric | formula | at the edge |\n|---|---|---|\n", intros[task]);
        for (size_t i = 0; i < nn_metric_count(); i++) {
            const nn_metric *const m = nn_metric_at(i);
            if ((int)m->task != task)
                continue;
            printf("| `%s` | ", m->name);
            print_cell(m->formula);
            printf(" | ");
            print_cell(m->edge);
            printf(" |\n");
        }
    }
}

static void print_options(const char *title, nn_options_kind kind)
{
    const nn_fields fields = nn_options_fields(kind);
    printf("\n%s\n\n| option | meaning | type | default | values |\n|---|---|---|---|---|\n", title);
    for (size_t i = 0; i < fields.n; i++) {
        printf("| ");
        print_field(&fields.at[i]);
    }
}

static void print_estimators(void)
{
    printf(
        "\n## Options of the estimators\n\n"
        "These are the names that `nn_options_parse` (`options.h`) reads and that `nn_classifier_settings` and\n"
        "`nn_regressor_settings` write. The members of the structs have the same names; `optimiser` is there\n"
        "`optimiser.rule`, `schedule` is `optimiser.schedule.rule`, `schedule_steps` and the like are\n"
        "`optimiser.schedule.steps` and so on; the options from `rate` to `clip_norm` are members of `optimiser`,\n"
        "`label_smoothing` and `delta` of `head_options`. There `head` is the address of a row: of classes or labels\n"
        "for a classifier, of regression for a regressor. The structs also have layers, groups and\n"
        "allocator, which no text can say.\n");
    print_options("`nn_classifier`:", NN_CLASSIFIER);
    print_options("`nn_regressor`:", NN_REGRESSOR);
}

static void print_tables(void)
{
    printf(
        "\n## Options of tables\n\n"
        "Members of `nn_csv_options` (`csv.h`), and what `nn_options_parse` reads for `NN_CSV`. `like` cannot be said\n"
        "as text.\n");
    print_options("`nn_csv_options`:", NN_CSV);
}

static void print_fits(void)
{
    printf(
        "\n## Options of fits\n\n"
        "Members of `nn_fit_options` (`estimator.h`), and what `nn_options_parse` reads for `NN_FIT`. Validation data,\n"
        "callback and its context cannot be said as text.\n");
    print_options("`nn_fit_options`:", NN_FIT);
}

int main(void)
{
    printf(
        "# Networks: the tables\n\n"
        "Kinds of layers, activations, initialisers, heads, optimisers, schedules, metrics, and the options of the\n"
        "estimators, of tables and of fits. `ninja -C build docs` prints this page from the tables themselves, and a\n"
        "test compares the two.\n"
        "[networks.md](networks.md) explains how they are used.\n\n");
    print_kinds();
    print_functions();
    print_initialisers();
    print_heads();
    print_optimisers();
    print_schedules();
    print_metrics();
    print_estimators();
    print_tables();
    print_fits();
    return 0;
}
