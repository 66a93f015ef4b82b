/* A training that saves after each step is killed at random moments, and goes on: each time there is a model, and the
 * end has the bits of a training that was not killed. GRADTAPE_KILLS says how often; 30 if it is not set. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../support/check.h"
#include "../support/data_files.h"
#include "../support/models.h"

enum { ROWS = 47, STEPS = 60, KEEP = 2 };

static rows_of learnt;

static const nn_layer layers[] = {NN_DENSE(.units = 6, .activation = AD_TANH), NN_BATCH_NORM(), NN_DROPOUT(0.2)};

/* Goes on with the file, if it is there, to the last step. */
static void train_on(const char *path)
{
    counting_open(&memory);
    fill_rows(&learnt, &nn_head_softmax, 3, ROWS, 1);
    const nn_load_options load = {.allocator = &memory.allocator};
    nn_classifier *c =
        access(path, F_OK) == 0
            ? nn_classifier_load(path, &load)
            : open_classifier(
                  (nn_classifier_options){.layers = NN_LAYERS(layers), .n_classes = 3, .optimiser = {.rule = &nn_adam}})
                  .c;
    const nn_fit_options o = {.batch_size = 10,
                              .to_step = STEPS,
                              .validation_share = 0.2,
                              .patience = 1000,
                              .save = path,
                              .save_every = 1,
                              .keep = KEEP};
    ck_assert_msg(nn_classifier_fit(c, &learnt.data, &o) == AD_OK, "%s", nn_classifier_message(c));
    nn_classifier_close(c);
    _exit(0);
}

/* What it leaves is a model of a step, and so are the files before it. */
static void look(const char *path)
{
    int64_t last = STEPS + 1;
    for (int i = 0; i <= KEEP; i++) {
        char name[5000];
        snprintf(name, sizeof name, i ? "%s.%d" : "%s", path, i);
        nn_model_info *info = nn_model_look(name, NULL);
        if (access(name, F_OK) == 0) {
            ck_assert_msg(info->status == AD_OK && info->is_whole, "%s", info->message);
            /* A kill between its steps leaves two names of one file. */
            ck_assert_msg(info->step >= 1 && info->step <= last, "step %lld", (long long)info->step);
            last = info->step;
        }
        nn_model_info_close(info);
    }
}

static pid_t start(const char *path)
{
    const pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        train_on(path);
    return pid;
}

static int wait_for(pid_t pid)
{
    int status = 1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void pause_for(double time)
{
    const struct timespec pause = {(time_t)time, (long)(1e9 * (time - (double)(time_t)time))};
    nanosleep(&pause, NULL);
}

static void remove_all(const char *path)
{
    char name[5000];
    for (int i = 0; i <= KEEP + 1; i++) {
        snprintf(name, sizeof name, i ? "%s.%d" : "%s", path, i);
        ck_assert_int_eq(unlink(name) == 0, i <= KEEP);
    }
}

START_TEST(what_is_killed_goes_on)
{
    const char *asked = getenv("GRADTAPE_KILLS");
    const int most = asked ? atoi(asked) : 30;
    char unbroken[4900], path[4900];
    snprintf(unbroken, sizeof unbroken, "%s", path_in_folder("unbroken"));
    snprintf(path, sizeof path, "%s", path_in_folder("killed"));
    const double begin = seconds();
    ck_assert_int_eq(wait_for(start(unbroken)), 0);
    const double whole = seconds() - begin;
    int kills = 0, ends = 0;
    for (int64_t i = 0; kills < most; i++) {
        const pid_t pid = start(path);
        pause_for(whole * 0.6 * (cloud_noise(99, i) + 1) / 2);
        kill(pid, SIGKILL);
        const int status = wait_for(pid);
        look(path);
        if (WIFSIGNALED(status)) {
            kills++;
            continue;
        }
        ck_assert_int_eq(status, 0);
        expect_same_files(unbroken, path);
        remove_all(path);
        ends++;
    }
    if (access(path, F_OK) == 0) {
        ck_assert_int_eq(wait_for(start(path)), 0);
        expect_same_files(unbroken, path);
        ends++;
    }
    ck_assert_int_gt(ends, 0);
    printf("%d kills, %d trainings to their ends\n", kills, ends);
}
END_TEST

static void add_tests(TCase *tests) { tcase_add_test(tests, what_is_killed_goes_on); }

int main(void) { return run_in_folder("model_kill", add_tests); }
