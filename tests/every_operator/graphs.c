/* Values, first and second gradients of random graphs of operators against numbers from PyTorch in golden/graphs.txt.
 * The script beside it, make_graphs.py, says how it is laid out. Each graph is built by the rows of the table.
 * The same graphs show that gradients are the same bits by every way to ask for them, and after a replay. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/check.h"
#include "../support/gaps.h"
#include "../support/golden_reader.h"
#include "../support/parts.h"

#define TOLERANCE 1e-10

enum { MIN_GRAPHS = 400, MIN_GRAPHS_OF_A_ROW = 5, MIN_OPERATORS = 5, MAX_OPERATORS = 60 };
enum { MAX_OPERANDS = 8, MAX_LEAVES = 8, MAX_NODES = 160, MAX_TENSORS = 256 };

/* ---- The file ---------------------------------------------------------------------------------------------------- */

/* A leaf, a constant of i32, or a row applied. */
typedef struct node {
    char kind; /* x, i or y */
    char row[48];
    ad_shape shape;
    size_t n;
    double *constant;
    int n_operands;
    int operands[MAX_OPERANDS];
    golden_attributes attributes;
} node;

typedef struct graph {
    unsigned seed;
    bool linear;
    node *nodes[MAX_NODES];
    int n_nodes, n_leaves, n_first, n_second;
    const node *leaf[MAX_LEAVES];
    int n_sinks;
    int sinks[MAX_TENSORS];
    double value;
    double *first[MAX_LEAVES], *second[MAX_LEAVES];
} graph;

static graph *graphs;
static size_t n_graphs;
static bool complete; /* read to its last line without a fault */

static bool read_indices(FILE *file, int *indices, int *n, int most)
{
    if (fscanf(file, "%d", n) != 1 || *n < 0 || *n > most)
        return false;
    for (int i = 0; i < *n; i++) {
        if (fscanf(file, "%d", &indices[i]) != 1 || indices[i] < 0 || indices[i] >= MAX_TENSORS)
            return false;
    }
    return true;
}

static bool read_node(FILE *file, graph *g, char kind)
{
    node *v = g->n_nodes < MAX_NODES ? calloc(1, sizeof *v) : NULL;
    if (!v)
        return false;
    g->nodes[g->n_nodes++] = v;
    v->kind = kind;
    if (kind == 'y')
        return fscanf(file, "%47s", v->row) == 1 && read_indices(file, v->operands, &v->n_operands, MAX_OPERANDS) &&
               golden_read_attributes(file, &v->attributes);
    if (!golden_read_shape(file, &v->shape, &v->n))
        return false;
    if (kind == 'i')
        return (v->constant = golden_read_numbers(file, AD_I32, v->n)) != NULL;
    if (g->n_leaves == MAX_LEAVES)
        return false;
    g->leaf[g->n_leaves++] = v;
    return true;
}

/* The gradients of the next leaf. */
static bool read_gradient(FILE *file, const graph *g, double **gradients, int *n)
{
    return *n < g->n_leaves && (gradients[*n] = golden_read_numbers(file, AD_F64, g->leaf[*n]->n)) && ++*n;
}

static bool read_line(FILE *file, graph *g, const char *keyword)
{
    if (keyword[1] == '\0' && strchr("xiy", keyword[0]))
        return read_node(file, g, keyword[0]);
    if (strcmp(keyword, "linear") == 0)
        return g->linear = true;
    if (strcmp(keyword, "loss") == 0)
        return read_indices(file, g->sinks, &g->n_sinks, MAX_TENSORS) && g->n_sinks > 0;
    if (strcmp(keyword, "value") == 0)
        return fscanf(file, "%lf", &g->value) == 1;
    if (strcmp(keyword, "dx") == 0)
        return read_gradient(file, g, g->first, &g->n_first);
    return strcmp(keyword, "d2x") == 0 && read_gradient(file, g, g->second, &g->n_second);
}

static bool read_graph(FILE *file, graph *g)
{
    char keyword[16];
    if (fscanf(file, "%u", &g->seed) != 1)
        return false;
    while (fscanf(file, "%15s", keyword) == 1) {
        if (strcmp(keyword, "end") == 0)
            return g->n_leaves > 0 && g->n_first == g->n_leaves && g->n_second == g->n_leaves && g->n_sinks > 0;
        if (!read_line(file, g, keyword))
            return false;
    }
    return false;
}

/* Makes room for one more graph, zeroed. */
static graph *append_graph(void)
{
    graph *more = realloc(graphs, (n_graphs + 1) * sizeof *graphs);
    if (!more)
        return NULL;
    graphs = more;
    memset(&graphs[n_graphs], 0, sizeof *graphs);
    return &graphs[n_graphs++];
}

static void read_file(FILE *file)
{
    char keyword[16];
    while (fscanf(file, "%15s", keyword) == 1) {
        graph *g;
        size_t count;
        if (keyword[0] == '#')
            golden_skip_line(file);
        else if (strcmp(keyword, "graphs") == 0)
            complete = fscanf(file, "%zu", &count) == 1 && count == n_graphs;
        else if (strcmp(keyword, "graph") != 0 || !(g = append_graph()) || !read_graph(file, g))
            return;
    }
}

static void open_graphs(void)
{
    char path[4096];
    FILE *file = golden_open("graphs.txt", path, sizeof path);
    if (file) {
        read_file(file);
        fclose(file);
    }
    if (!complete)
        fprintf(stderr, "%s: cannot be read, or is wrong at graph %zu\n", path, n_graphs);
}

static void close_graphs(void)
{
    for (size_t i = 0; i < n_graphs; i++) {
        graph *g = &graphs[i];
        for (int k = 0; k < g->n_nodes; k++) {
            free(g->nodes[k]->constant);
            free(g->nodes[k]);
        }
        for (int k = 0; k < g->n_leaves; k++) {
            free(g->first[k]);
            free(g->second[k]);
        }
    }
    free(graphs);
}

/* ---- Recording a graph ------------------------------------------------------------------------------------------- */

typedef struct recording {
    const graph *graph;
    ad_tape *tape;
    int n, n_leaves;
    ad_tensor tensor[MAX_TENSORS];
    int leaf[MAX_LEAVES]; /* numbers of tensors */
    ad_tensor loss;
} recording;

/* What the numbers of a stream are added to, to tell weights of sinks and directions of leaves from leaves. */
enum { WEIGHTS = 1000, DIRECTIONS = 2000 };

static void assert_no_error(const recording *r)
{
    const ad_status status = ad_status_of(r->tape);
    ck_assert_msg(status == AD_OK, "graph %u: %s: %s", r->graph->seed, ad_status_name(status), ad_message(r->tape));
}

/* n numbers uniform in [-half, half) that the caller frees. */
static double *draw(const graph *g, int stream, size_t n, double half)
{
    double *numbers = malloc((n + 1) * sizeof *numbers);
    ck_assert_ptr_nonnull(numbers);
    for (size_t i = 0; i < n; i++)
        numbers[i] = half * (2 * ad_random_uniform(g->seed, (uint64_t)stream, i) - 1);
    return numbers;
}

/* A constant like x. */
static ad_tensor constant_like(const recording *r, ad_tensor x, int stream)
{
    double *numbers = draw(r->graph, stream, ad_size_of(x), 1);
    ad_tensor constant = ad_input(r->tape, AD_F64, ad_shape_of(x), numbers);
    free(numbers);
    return constant;
}

/* Parameters and variables in turn. */
static void record_leaf(recording *r, const node *v)
{
    double *numbers = draw(r->graph, r->n, v->n, 2);
    r->leaf[r->n_leaves++] = r->n;
    r->tensor[r->n] = r->n_leaves % 2 ? ad_param(r->tape, AD_F64, v->shape, numbers, NULL)
                                      : ad_variable(r->tape, AD_F64, v->shape, numbers);
    r->n++;
    free(numbers);
}

static void record_constant(recording *r, const node *v)
{
    int32_t *numbers = malloc((v->n + 1) * sizeof *numbers);
    ck_assert_ptr_nonnull(numbers);
    for (size_t i = 0; i < v->n; i++)
        numbers[i] = (int32_t)v->constant[i];
    r->tensor[r->n++] = ad_input(r->tape, AD_I32, v->shape, numbers);
    free(numbers);
}

static void record_row(recording *r, const node *v)
{
    char what[100];
    const ad_operator *op = ad_operator_named(v->row);
    ck_assert_msg(op, "graph %u: the table has no row %s", r->graph->seed, v->row);
    snprintf(what, sizeof what, "graph %u: %s", r->graph->seed, v->row);
    ad_attribute attributes[AD_MAX_ATTRIBUTES] = {{0}};
    const int n_attributes = golden_row_attributes(op, &v->attributes, what, attributes);
    ad_tensor x[MAX_OPERANDS], y[AD_MAX_RESULTS];
    for (int i = 0; i < v->n_operands; i++) {
        ck_assert_msg(v->operands[i] < r->n, "%s: there is no tensor %d yet", what, v->operands[i]);
        x[i] = r->tensor[v->operands[i]];
    }
    ad_apply(r->tape, op, x, v->n_operands, n_attributes ? attributes : NULL, y);
    const int n_results = op->n_results ? op->n_results : 1;
    ck_assert_int_le(r->n + n_results, MAX_TENSORS);
    for (int j = 0; j < n_results; j++)
        r->tensor[r->n++] = y[j];
}

/* The sum of mean(w s) over the sinks s. */
static ad_tensor record_loss(const recording *r)
{
    ad_tensor loss = {0};
    for (int i = 0; i < r->graph->n_sinks; i++) {
        const int s = r->graph->sinks[i];
        ck_assert_int_lt(s, r->n);
        ad_tensor term = ad_mean(ad_mul(constant_like(r, r->tensor[s], WEIGHTS + s), r->tensor[s]));
        loss = i ? ad_add(loss, term) : term;
    }
    return loss;
}

static recording record(const graph *g)
{
    recording r = {.graph = g, .tape = ad_tape_open(NULL)};
    ck_assert_ptr_nonnull(r.tape);
    for (int k = 0; k < g->n_nodes; k++) {
        const node *v = g->nodes[k];
        ck_assert_int_lt(r.n, MAX_TENSORS);
        (v->kind == 'x' ? record_leaf : v->kind == 'i' ? record_constant : record_row)(&r, v);
        assert_no_error(&r);
    }
    r.loss = record_loss(&r);
    assert_no_error(&r);
    return r;
}

static ad_tensor leaf_at(const recording *r, int k) { return r->tensor[r->leaf[k]]; }

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* The largest difference must be small beside the largest number of the block; where all are 0, there must be none. */
static void assert_block(const recording *r, const char *what, int k, const double *got, const double *want, size_t n)
{
    double largest = 0, error = 0;
    size_t worst = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(want[i]));
        if (golden_distance(got[i], want[i]) > error) {
            error = golden_distance(got[i], want[i]);
            worst = i;
        }
    }
    ck_assert_msg(error <= TOLERANCE * largest,
                  "graph %u: %s %d: relative error %.3g; element %zu is %.17g, golden %.17g", r->graph->seed, what, k,
                  error / largest, worst, got[worst], want[worst]);
}

/* A gradient that was not computed is one of zeros: no path leads to the leaf. */
static void assert_gradients(const recording *r, const char *what, double *const *want)
{
    for (int k = 0; k < r->n_leaves; k++) {
        const size_t n = r->graph->leaf[k]->n;
        double *zeros = calloc(n + 1, sizeof *zeros);
        ck_assert_ptr_nonnull(zeros);
        const bool has = ad_has_gradient(leaf_at(r, k));
        assert_block(r, what, k, has ? ad_f64(ad_gradient(leaf_at(r, k))) : zeros, want[k], n);
        free(zeros);
    }
    assert_no_error(r);
}

static void assert_value(const recording *r)
{
    const double value = ad_item(r->loss);
    assert_block(r, "value", 0, &value, &r->graph->value, 1);
}

START_TEST(value_and_first_gradients)
{
    recording r = record(&graphs[_i]);
    assert_value(&r);
    ad_backward(r.loss);
    assert_no_error(&r);
    assert_gradients(&r, "gradient", r.graph->first);
    ad_tape_close(r.tape);
}
END_TEST

/* The sum over the leaves of sum(v dx), which depends on a leaf even where no dx does. */
static ad_tensor directional(const recording *r)
{
    ad_tensor sum = ad_scale(ad_sum(leaf_at(r, 0)), 0);
    for (int k = 0; k < r->n_leaves; k++) {
        ad_tensor v = constant_like(r, leaf_at(r, k), DIRECTIONS + r->leaf[k]);
        sum = ad_add(sum, ad_sum(ad_mul(v, ad_gradient(leaf_at(r, k)))));
    }
    return sum;
}

START_TEST(second_gradients)
{
    recording r = record(&graphs[_i]);
    ad_backward_with(r.loss, &(ad_backward_options){.differentiable = true});
    assert_no_error(&r);
    assert_gradients(&r, "recorded gradient", r.graph->first);
    ad_backward(directional(&r));
    assert_no_error(&r);
    assert_gradients(&r, "second gradient", r.graph->second);
    ad_tape_close(r.tape);
}
END_TEST

static int operator_count(const graph *g)
{
    int n = 0;
    for (int k = 0; k < g->n_nodes; k++)
        n += g->nodes[k]->kind == 'y';
    return n;
}

/* ---- The same bits, whichever way -------------------------------------------------------------------------------- */

static double *copy_of(ad_tensor x)
{
    const size_t bytes = ad_size_of(x) * sizeof(double);
    double *copy = malloc(bytes + 1);
    ck_assert_ptr_nonnull(copy);
    return memcpy(copy, ad_f64(x), bytes);
}

/* Frees what the bits were kept in. */
static void assert_bits(const recording *r, const char *what, int k, ad_tensor got, double *want)
{
    assert_no_error(r);
    ck_assert_msg(memcmp(ad_f64(got), want, ad_size_of(got) * sizeof(double)) == 0,
                  "graph %u: %s %d: other bits than those of ad_backward", r->graph->seed, what, k);
    free(want);
}

/* Backward, and the gradients of leaves in memory of their own. */
static void gradients_of(const recording *r, double *gradients[MAX_LEAVES])
{
    ad_backward(r->loss);
    for (int k = 0; k < r->n_leaves; k++)
        gradients[k] = copy_of(ad_gradient(leaf_at(r, k)));
}

START_TEST(kept_gradients)
{
    double *first[MAX_LEAVES], *again[MAX_LEAVES];
    recording r = record(&graphs[_i]);
    gradients_of(&r, first);
    gradients_of(&r, again);
    ad_backward_with(r.loss, &(ad_backward_options){.keep = true});
    for (int k = 0; k < r.n_leaves; k++) {
        assert_bits(&r, "gradient when inner ones are kept", k, ad_gradient(leaf_at(&r, k)), first[k]);
        assert_bits(&r, "kept gradient beside that of a second backward", k, ad_gradient(leaf_at(&r, k)), again[k]);
    }
    ad_tape_close(r.tape);
}
END_TEST

/* ad_grad by leaves and inner tensors together, beside the kept gradients. */
START_TEST(gradients_by_grad)
{
    int number[MAX_TENSORS], n = 0;
    ad_tensor x[MAX_TENSORS], dx[MAX_TENSORS];
    double *kept[MAX_TENSORS];
    recording r = record(&graphs[_i]);
    ad_backward_with(r.loss, &(ad_backward_options){.keep = true});
    for (int i = 0; i < r.n; i++) {
        if (ad_type_of(r.tensor[i]) != AD_F64 || !ad_has_gradient(r.tensor[i]))
            continue;
        number[n] = i;
        x[n] = r.tensor[i];
        kept[n++] = copy_of(ad_gradient(r.tensor[i]));
    }
    ad_grad(r.loss, x, n, dx);
    for (int i = 0; i < n; i++)
        assert_bits(&r, "ad_grad by tensor", number[i], dx[i], kept[i]);
    ad_tape_close(r.tape);
}
END_TEST

/* Gives the leaves their own values, made larger by a part of their size. */
static void assign_leaves(const recording *r, double part)
{
    for (int k = 0; k < r->n_leaves; k++) {
        double *numbers = draw(r->graph, r->leaf[k], r->graph->leaf[k]->n, 2);
        for (size_t i = 0; i < r->graph->leaf[k]->n; i++)
            numbers[i] += part * numbers[i];
        ad_assign(leaf_at(r, k), numbers);
        free(numbers);
    }
}

START_TEST(replayed)
{
    double *first[MAX_LEAVES];
    recording r = record(&graphs[_i]);
    double *value = copy_of(r.loss);
    gradients_of(&r, first);
    assign_leaves(&r, 0x1p-20);
    ck_assert_int_eq(ad_replay(r.tape), AD_OK);
    ck_assert_msg(ad_item(r.loss) != *value, "graph %u: the same value of other leaves", r.graph->seed);
    ad_backward(r.loss);
    assign_leaves(&r, 0);
    ck_assert_int_eq(ad_replay(r.tape), AD_OK);
    assert_bits(&r, "replayed value", 0, r.loss, value);
    ad_backward(r.loss);
    for (int k = 0; k < r.n_leaves; k++)
        assert_bits(&r, "replayed gradient", k, ad_gradient(leaf_at(&r, k)), first[k]);
    ad_tape_close(r.tape);
}
END_TEST

/* A watched backward gives the same bits, and the parts that it keeps add up to the gradient of every tensor. */
START_TEST(parts_add_up)
{
    double *first[MAX_LEAVES];
    ad_tensor x[MAX_LEAVES], dx[MAX_LEAVES];
    recording r = record(&graphs[_i]);
    gradients_of(&r, first);
    ck_assert_int_eq(ad_watch(r.tape, AD_ON), AD_OK);
    ad_backward_with(r.loss, &(ad_backward_options){.keep = true});
    ck_assert_uint_gt(expect_parts_of_all(r.tape), (size_t)operator_count(r.graph) / 4);
    for (int k = 0; k < r.n_leaves; k++)
        x[k] = leaf_at(&r, k);
    ad_grad(r.loss, x, r.n_leaves, dx);
    for (int k = 0; k < r.n_leaves; k++)
        if (count_parts(r.tape, AD_BAND_FUNCTIONAL, ALL_SWEEPS, x[k]))
            expect_parts(AD_BAND_FUNCTIONAL, ALL_SWEEPS, x[k], dx[k]);
    for (int k = 0; k < r.n_leaves; k++)
        assert_bits(&r, "watched gradient", k, ad_has_gradient(x[k]) ? ad_gradient(x[k]) : dx[k], first[k]);
    ad_tape_close(r.tape);
}
END_TEST

/* ---- Nothing is left out ----------------------------------------------------------------------------------------- */

START_TEST(file_is_complete)
{
    ck_assert_msg(complete, "graphs.txt: missing, or wrong at graph %zu", n_graphs);
    ck_assert_msg(n_graphs >= MIN_GRAPHS, "graphs.txt has %zu graphs, %d are asked for", n_graphs, MIN_GRAPHS);
}
END_TEST

static bool all_are_zero(const graph *g, double *const *gradients)
{
    for (int k = 0; k < g->n_leaves; k++)
        for (size_t i = 0; i < g->leaf[k]->n; i++)
            if (gradients[k][i] != 0)
                return false;
    return true;
}

START_TEST(graph_is_worth_it)
{
    const graph *g = &graphs[_i];
    const int n = operator_count(g);
    ck_assert_msg(n >= MIN_OPERATORS && n <= MAX_OPERATORS, "graph %u has %d operators", g->seed, n);
    ck_assert_msg(!all_are_zero(g, g->first), "graph %u: its gradients are all 0", g->seed);
    ck_assert_msg(all_are_zero(g, g->second) == g->linear,
                  "graph %u is %slinear, but its second gradients say otherwise", g->seed, g->linear ? "" : "not ");
}
END_TEST

static bool has_row(const graph *g, const char *row)
{
    for (int k = 0; k < g->n_nodes; k++)
        if (strcmp(g->nodes[k]->row, row) == 0)
            return true;
    return false;
}

static bool needs_graphs(const ad_operator *op) { return op->arity != 0 && !(op->properties & AD_NOT_DIFFERENTIABLE); }

static int graphs_with(const ad_operator *op)
{
    int n = 0;
    for (size_t i = 0; i < n_graphs; i++)
        n += has_row(&graphs[i], op->name);
    return n;
}

/* A row that is in no graph is a gap. One that is in some must be in enough. */
static const char in_no_graph[] = "is in no graph: tests/golden/graph_rows.py and make_graphs.py add it";

static bool is_gap(const ad_operator *op) { return needs_graphs(op) && graphs_with(op) == 0; }

START_TEST(gaps_are_listed) { gaps_check(is_gap, in_no_graph, ad_operator_named("tanh")); }
END_TEST

START_TEST(row_is_in_graphs)
{
    const ad_operator *op = ad_operator_at((size_t)_i);
    ck_assert_ptr_nonnull(op);
    if (!needs_graphs(op) || is_gap(op))
        return;
    const int n = graphs_with(op);
    ck_assert_msg(n >= MIN_GRAPHS_OF_A_ROW,
                  "%s is in %d graphs, %d are asked for; add it to golden/graph_rows.py and run golden/make_graphs.py",
                  op->name, n, MIN_GRAPHS_OF_A_ROW);
}
END_TEST

static Suite *graphs_suite(void)
{
    Suite *suite = suite_create("graphs");
    const int n = complete ? (int)n_graphs : 0;
    TCase *file = tcase_create("file");
    tcase_add_test(file, file_is_complete);
    tcase_add_loop_test(file, graph_is_worth_it, 0, n);
    tcase_add_test(file, gaps_are_listed);
    tcase_add_loop_test(file, row_is_in_graphs, 0, (int)ad_operator_count());
    suite_add_tcase(suite, file);

    TCase *numbers = tcase_create("numbers");
    tcase_add_loop_test(numbers, value_and_first_gradients, 0, n);
    tcase_add_loop_test(numbers, second_gradients, 0, n);
    suite_add_tcase(suite, numbers);

    TCase *bits = tcase_create("bits");
    tcase_add_loop_test(bits, kept_gradients, 0, n);
    tcase_add_loop_test(bits, gradients_by_grad, 0, n);
    tcase_add_loop_test(bits, replayed, 0, n);
    tcase_add_loop_test(bits, parts_add_up, 0, n);
    suite_add_tcase(suite, bits);
    return suite;
}

int main(void)
{
    open_graphs();
    if (complete)
        gaps_print(is_gap, in_no_graph);
    const int status = run_suites(srunner_create(graphs_suite()));
    close_graphs();
    return status;
}
