/* Threads that use one estimator at once: the same bits as one after another, and errors that disturb nobody.
 *
 * Also run with ThreadSanitizer, which sees what the numbers do not show. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "../support/check.h"
#include "../support/models.h"

enum { THREADS = 4, ROUNDS = 6, TRAINED = 60 };

/* ---- An allocator of one thread at a time ------------------------------------------------------------------------ */

/* The counting allocator, and whether a call of it runs. Two at once are noted. */
static atomic_bool is_called;
static atomic_int at_once;

static void enter(void)
{
    if (atomic_exchange(&is_called, true))
        atomic_fetch_add(&at_once, 1);
}

static void *allocate_alone(void *context, size_t bytes)
{
    enter();
    const counting *m = context;
    void *block = m->allocator.allocate(m->allocator.context, bytes);
    atomic_store(&is_called, false);
    return block;
}

static void release_alone(void *context, void *block, size_t bytes)
{
    enter();
    const counting *m = context;
    m->allocator.release(m->allocator.context, block, bytes);
    atomic_store(&is_called, false);
}

/* ---- What threads share ------------------------------------------------------------------------------------------ */

static rows_of rows, asked;
static model shared;

/* All that one thread gets. */
typedef struct answers {
    float predictions[MODEL_ROWS * MODEL_MOST_K], logits[MODEL_ROWS * MODEL_MOST_K];
    int32_t labels[MODEL_ROWS * MODEL_MOST_K];
    nn_evaluation evaluation;
    ad_status wrong[4]; /* of calls with wrong data */
} answers;

static answers alone, of_thread[THREADS];

static void ask(answers *a)
{
    ck_assert_int_eq(model_predict(shared, &asked.data, a->predictions), AD_OK);
    if (shared.c) {
        ck_assert_int_eq(nn_classifier_logits(shared.c, &asked.data, a->logits), AD_OK);
        ck_assert_int_eq(nn_classifier_predict(shared.c, &asked.data, a->labels), AD_OK);
    }
    a->evaluation = model_evaluate(shared, &asked.data);
}

static void expect_same(const answers *a, const answers *b)
{
    ck_assert_mem_eq(a->predictions, b->predictions, sizeof a->predictions);
    ck_assert_mem_eq(a->logits, b->logits, sizeof a->logits);
    ck_assert_mem_eq(a->labels, b->labels, sizeof a->labels);
    ck_assert_int_eq(a->evaluation.status, AD_OK);
    ck_assert_mem_eq(&a->evaluation.loss, &b->evaluation.loss, sizeof a->evaluation.loss);
    ck_assert_int_eq(a->evaluation.global_step, b->evaluation.global_step);
    ck_assert_uint_eq(a->evaluation.n_figures, b->evaluation.n_figures);
    for (size_t i = 0; i < a->evaluation.n_figures; i++)
        ck_assert_mem_eq(&a->evaluation.figures[i].value, &b->evaluation.figures[i].value, sizeof(double));
}

static pthread_barrier_t start;

static void *run_asking(void *context)
{
    pthread_barrier_wait(&start);
    for (int round = 0; round < ROUNDS; round++)
        ask(context);
    return NULL;
}

/* Wrong data of several kinds, and the questions that need no data. */
static void *run_wrongly(void *context)
{
    answers *a = context;
    nn_data narrow = asked.data, bad = asked.data;
    float not_finite[COLUMNS] = {1, NAN, 0, 0};
    narrow.columns = COLUMNS - 1;
    bad.features = not_finite;
    bad.rows = 1;
    pthread_barrier_wait(&start);
    for (int round = 0; round < ROUNDS; round++) {
        a->wrong[0] = model_predict(shared, &narrow, a->predictions);
        a->wrong[1] = model_predict(shared, &bad, a->predictions);
        a->wrong[2] = model_evaluate(shared, NULL).status;
        a->wrong[3] = model_predict(shared, &asked.data, NULL);
        if (shared.c)
            ck_assert(nn_classifier_status(shared.c) != AD_OK && nn_classifier_usage(shared.c).bytes > 0);
        else
            ck_assert(nn_regressor_status(shared.r) != AD_OK && nn_regressor_usage(shared.r).bytes > 0);
        ck_assert_ptr_nonnull(strstr(model_message(shared), ": the data have 3 columns"));
    }
    return NULL;
}

/* Threads at once, one of them perhaps with wrong data. */
static void run_at_once(bool with_wrong)
{
    pthread_t threads[THREADS + 1];
    const int n = THREADS + with_wrong;
    static answers of_wrong;
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, (unsigned)n), 0);
    for (int i = 0; i < n; i++) {
        answers *own = i < THREADS ? &of_thread[i] : &of_wrong;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, i < THREADS ? run_asking : run_wrongly, own), 0);
    }
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&start);
    if (!with_wrong)
        return;
    const ad_status wanted_of[] = {AD_BAD_SHAPE, AD_NOT_FINITE, AD_BAD_VALUE, AD_BAD_VALUE};
    for (int i = 0; i < COUNT(wanted_of); i++)
        ck_assert_int_eq(of_wrong.wrong[i], wanted_of[i]);
    ck_assert_int_eq(model_clear(shared), AD_BAD_SHAPE);
}

static const struct {
    const nn_head *head;
    int64_t k;
} heads[] = {{&nn_head_softmax, 3},
             {&nn_head_one_logit, 2},
             {&nn_head_independent, 2},
             {&nn_head_squared, 1},
             {&nn_head_huber, 3}};

static const nn_layer block[] = {NN_DENSE(.units = 16, .activation = AD_TANH), NN_BATCH_NORM(.momentum = 0.2)};
static const nn_layer layers[] = {NN_DENSE(.units = 16), NN_RESIDUAL(block), NN_DROPOUT(0.2)};

static void open_shared(int i)
{
    const ad_allocator allocator = {allocate_alone, release_alone, &memory};
    nn_classifier_options o = {.layers = NN_LAYERS(layers),
                               .n_classes = heads[i].k,
                               .head = heads[i].head,
                               .scaling = NN_SCALE_FEATURE,
                               .seed = 6,
                               .allocator = &allocator};
    const nn_regressor_options r = {.layers = NN_LAYERS(layers),
                                    .n_targets = heads[i].k,
                                    .head = heads[i].head,
                                    .scaling = NN_SCALE_FEATURE,
                                    .seed = 6,
                                    .allocator = &allocator};
    shared = heads[i].head->task == NN_REGRESSION ? (model){NULL, nn_regressor_open(&r)}
                                                  : (model){nn_classifier_open(&o), NULL};
    fill_rows(&rows, heads[i].head, heads[i].k, TRAINED, 51);
    fill_rows(&asked, heads[i].head, heads[i].k, MODEL_ROWS, 52);
    asked.data.weights = asked.weights;
}

/* The first questions come at once, when no reader is there yet, and again after a fit. */
START_TEST(threads_ask_one_estimator_at_once)
{
    open_shared(_i);
    for (int again = 0; again < 2; again++) {
        fit_well(shared, &rows.data, 16, 20);
        memset(&alone, 0, sizeof alone);
        memset(of_thread, 0, sizeof of_thread);
        run_at_once(again == 1);
        ask(&alone);
        for (int i = 0; i < THREADS; i++)
            expect_same(&of_thread[i], &alone);
    }
    close_model(shared);
    ck_assert_int_eq(atomic_load(&at_once), 0);
}
END_TEST

/* Threads do not take more memory with each round. */
START_TEST(readers_are_used_again)
{
    open_shared(_i);
    fit_well(shared, &rows.data, 16, 5);
    run_at_once(true);
    run_at_once(false);
    size_t blocks = 0;
    for (int again = 0; again < 10; again++) {
        ask(&alone);
        blocks = again ? blocks : memory.blocks;
        ck_assert_uint_eq(memory.blocks, blocks);
    }
    close_model(shared);
}
END_TEST

/* ---- Vocabularies and texts -------------------------------------------------------------------------------------- */

static const char *const texts[] = {"bird", "cat", "dog"};
static const char *row_texts[MODEL_ROWS];

typedef struct text_answers {
    const char *labels[MODEL_ROWS];
    double accuracy;
} text_answers;
static text_answers texts_of[THREADS];

static void *run_texts(void *context)
{
    text_answers *a = context;
    pthread_barrier_wait(&start);
    for (int round = 0; round < ROUNDS; round++) {
        ck_assert_int_eq(nn_classifier_predict_texts(shared.c, &asked.data, a->labels), AD_OK);
        a->accuracy = nn_classifier_evaluate(shared.c, &asked.data).accuracy;
    }
    return NULL;
}

START_TEST(threads_ask_for_texts)
{
    pthread_t threads[THREADS];
    const ad_allocator allocator = {allocate_alone, release_alone, &memory};
    fill_rows(&rows, &nn_head_softmax, 3, TRAINED, 51);
    fill_rows(&asked, &nn_head_softmax, 3, MODEL_ROWS, 52);
    shared.r = NULL;
    shared.c = nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {8}, .n_classes = 3, .label_texts = {texts, 3}, .allocator = &allocator});
    for (int i = 0; i < MODEL_ROWS; i++)
        row_texts[i] = texts[i < TRAINED ? rows.labels[i] : 0];
    rows.data.label_texts = asked.data.label_texts = row_texts;
    fit_well(shared, &rows.data, 16, 20);
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_texts, &texts_of[i]), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&start);
    int right = 0;
    for (int i = 0; i < MODEL_ROWS; i++)
        right += !strcmp(texts_of[0].labels[i], row_texts[i]);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_double_eq_tol(texts_of[i].accuracy, (double)right / MODEL_ROWS, 1e-12);
        ck_assert_mem_eq(texts_of[i].labels, texts_of[0].labels, sizeof texts_of[0].labels);
    }
    close_model(shared);
    ck_assert_int_eq(atomic_load(&at_once), 0);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_loop_test(tests, threads_ask_one_estimator_at_once, 0, COUNT(heads));
    tcase_add_loop_test(tests, readers_are_used_again, 0, COUNT(heads));
    tcase_add_test(tests, threads_ask_for_texts);
}

int main(void) { return run_tests("estimator_threads", add_tests); }
