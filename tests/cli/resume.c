/* gradtape train --resume: a training that was interrupted ends with the bits of one that was not. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <gradtape/csv.h>
#include <gradtape/model.h>

#include "../support/check.h"
#include "../support/command.h"

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static void write_rows(const char *name, int rows)
{
    static const char *const kinds[] = {"red", "green", "blue", ""};
    uint64_t x = 7;
    FILE *file = fopen(path_in_folder(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs("a,b,kind,size,y\n", file);
    for (int i = 0; i < rows; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        const double a = (double)(x >> 44) / (1 << 20) - 0.5, b = (double)(x << 20 >> 44) / (1 << 20) - 0.5;
        const unsigned kind = x >> 33 & 3;
        if (i % 11 == 3)
            fprintf(file, ",%.4f,%s,", b, kinds[kind]);
        else
            fprintf(file, "%.4f,%.4f,%s,", a, b, kinds[kind]);
        fprintf(file, "%.3f,%s\n", 300 * a * b + 20 * kind, a * b + 0.1 * kind > 0.15 ? "yes" : "no");
    }
    ck_assert_int_eq(fclose(file), 0);
}

enum { ROWS = 400 };

#define T "train --data t.csv --label y --ignore kind,size --impute mean "

static const command_result *run(const char *arguments)
{
    const command_result *r = run_command(arguments);
    expect_status(0);
    return r;
}

static void expect_model(const char *name, int64_t steps)
{
    nn_model_info *info = nn_model_look(path_in_folder(name), NULL);
    ck_assert_msg(info && info->status == AD_OK && info->is_whole, "%s: %s", name, info ? info->message : "");
    ck_assert_msg(steps < 0 || info->step == steps, "%s has %lld steps", name, (long long)info->step);
    nn_model_info_close(info);
}

static void expect_same_models(const char *a, const char *b)
{
    char one[400];
    snprintf(one, sizeof one, "%s", path_in_folder(a));
    expect_same_files(one, path_in_folder(b));
}

/* What a model predicts, as a text. */
static const char *logits(const char *model)
{
    char arguments[100];
    snprintf(arguments, sizeof arguments, "predict --data t.csv --output logits --model %s", model);
    return run(arguments)->out;
}

static void pause_for(long milliseconds) { nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL); }

/* ---- Interruptions ----------------------------------------------------------------------------------------------- */

/* It says where it stopped and how to go on. Returns the arguments of that command. */
static const char *expect_stopped(const command_result *r, int status)
{
    static char arguments[100];
    long long step;
    expect_status(status);
    const char *said = strstr(r->err, "stopped at step ");
    ck_assert_msg(said != NULL, "%s", r->err);
    const char *go_on = strstr(said, "; m is saved; go on with: gradtape ");
    ck_assert_msg(go_on && strchr(said, '\n') == r->err + r->err_bytes - 1, "%s", r->err);
    char *end = arguments;
    for (const char *digit = said + strlen("stopped at step "); digit < go_on; digit++)
        if (*digit != ',')
            *end++ = *digit;
    *end = 0;
    step = atoll(arguments);
    expect_model("m", step);
    snprintf(arguments, sizeof arguments, "%s", go_on + strlen("; m is saved; go on with: gradtape "));
    *strchr(arguments, '\n') = 0;
    ck_assert(strncmp(arguments, "train --resume --model m", 24) == 0);
    ck_assert(!arguments[24] || !strcmp(arguments + 24, " --data -"));
    return arguments;
}

/* Starts it, and interrupts it when it has said a text. Returns the command that goes on. */
static const char *interrupt(const char *arguments, const char *text, int number)
{
    start_command((command_run){.arguments = arguments});
    wait_for_text(text);
    return expect_stopped(end_command(number), 128 + number);
}

#define LONG T "--hidden-units 60,30 --steps 24000 "

START_TEST(interrupted_at_a_moment)
{
    static const char *const moments[] = {"step 2,400 of 24,000", "step 7,200 of 24,000", "step 14,400 of 24,000"};
    static char go_on[100];
    write_rows("t.csv", ROWS);
    snprintf(go_on, sizeof go_on, "%s", interrupt(LONG "--model m", moments[_i], SIGINT));
    const command_result *r = run(go_on);
    ck_assert_msg(strstr(r->err, "\nresumes at step ") && strstr(r->err, " of 24,000, rate 0.05, row "), "%s", r->err);
    expect_err("\nm is saved after 24,000 steps; ");
    run(LONG "--model whole");
    expect_same_models("m", "whole");
    ck_assert_int_eq(count_files(), 3);
}
END_TEST

/* Each is interrupted twice; the first time by SIGTERM. */
static const char *const trainings[] = {
    T "--hidden-units 60,30 --validation 0.25 --validate-every 50 --steps 16000 --patience 100000 --optimizer adam ",
    T "--hidden-units 60,30 --validation h.csv --validate-every 40 --epochs 1300 --patience 100000 --monitor accuracy "
      "--dropout 0.2 ",
    T "--hidden-units 60,30 --schedule cosine:steps=14000,warm_up=100 --optimizer momentum:rate=0.01 --steps 16000 "
      "--clip-norm 1 --history h2.csv ",
    "train --data t.csv --label y --ignore size --categorical auto --impute level --hidden-units 60,30 --steps 16000 "
    "--class-weight balanced ",
    "train --data t.csv --label size,b --ignore y --task regression --categorical kind --impute mean --hidden-units "
    "60,30 --steps 16000 --l2 0.0001 --batch-size 20 ",
    T "--hidden-units 60,30 --steps 12000 --window 130 --as-f32 ",
};

START_TEST(trainings_of_each_kind)
{
    char arguments[400];
    static char go_on[100];
    write_rows("t.csv", ROWS);
    write_rows("h.csv", ROWS / 4);
    snprintf(arguments, sizeof arguments, "%s--model m", trainings[_i]);
    snprintf(go_on, sizeof go_on, "%s", interrupt(arguments, "  loss ", SIGTERM));
    snprintf(go_on, sizeof go_on, "%s", interrupt(go_on, "  loss ", SIGINT));
    run(go_on);
    snprintf(arguments, sizeof arguments, "%s--model whole", trainings[_i]);
    run(arguments);
    expect_same_models("m", "whole");
}
END_TEST

/* Patience ends it where it would have, with the same best weights, wherever it was interrupted. */
START_TEST(patience_goes_on)
{
    static const char line[] = T "--hidden-units 60,30 --validation 0.25 --validate-every 200 --patience 25 --steps "
                                 "1000000 --optimizer gradient_descent:rate=0.02 ";
    char arguments[300];
    write_rows("t.csv", ROWS);
    snprintf(arguments, sizeof arguments, "%s--model m --save-every 100", line);
    start_command((command_run){.arguments = arguments});
    wait_for_file("m");
    const char *go_on = expect_stopped(end_command(SIGINT), 130);
    run(go_on);
    expect_err(", best at step ");
    snprintf(arguments, sizeof arguments, "%s--model whole --save-every 100", line);
    run(arguments);
    expect_same_models("m", "whole");
    static file_bytes before, after;
    load_bytes(path_in_folder("m"), &before);
    run("train --resume --model m");
    expect_err(" is trained to its end, step ");
    expect_err("; --steps N trains on\n");
    load_bytes(path_in_folder("m"), &after);
    ck_assert(before.n == after.n && !memcmp(before.at, after.at, before.n));
}
END_TEST

START_TEST(killed_after_a_checkpoint)
{
    write_rows("t.csv", ROWS);
    start_command((command_run){.arguments = LONG "--model m --save-every 300"});
    wait_for_file("m");
    ck_assert_int_eq(end_command(SIGKILL)->status, 128 + SIGKILL);
    expect_model("m", -1);
    run("train --resume --model m");
    expect_err(" of 24,000, rate 0.05, row ");
    run(LONG "--model whole --save-every 300");
    expect_same_models("m", "whole");
}
END_TEST

/* Steps take long here, so that the second signal comes before the first has stopped anything. It may still be late
 * once, but not always. */
START_TEST(a_second_signal_ends_it_at_once)
{
    const command_result *r = NULL;
    write_rows("t.csv", 20000);
    for (int i = 0; i < 6 && (!r || strstr(r->err, "stopped at step ")); i++) {
        remove(path_in_folder("m"));
        start_command((command_run){.arguments = T
                                    "--hidden-units 300,200 --batch-size 20000 --steps 1000 --save-every 1 --model m"});
        wait_for_file("m");
        signal_command(SIGINT);
        pause_for(10);
        r = end_command(SIGINT);
        expect_status(130);
        expect_model("m", -1);
    }
    ck_assert_msg(!strstr(r->err, "stopped at step "), "%s", r->err);
}
END_TEST

/* Nothing was learnt yet: the model that is there stays. */
START_TEST(interrupted_while_data_are_read)
{
    static file_bytes before, after;
    write_rows("t.csv", ROWS);
    run(T "--steps 5 --model m");
    load_bytes(path_in_folder("m"), &before);
    ck_assert_int_eq(mkfifo(path_in_folder("pipe.csv"), 0600), 0);
    start_command(
        (command_run){.arguments = "train --data - --label y --model m", .input_file = path_in_folder("pipe.csv")});
    pause_for(100); /* it waits for rows that do not come */
    end_command(SIGINT);
    expect_status(130);
    expect_err_is("");
    load_bytes(path_in_folder("m"), &after);
    ck_assert(before.n == after.n && !memcmp(before.at, after.at, before.n));
    ck_assert_int_eq(count_files(), 3);
}
END_TEST

/* The table is given again. */
START_TEST(standard_input_goes_on)
{
    static char table[1 << 15];
    write_rows("t.csv", ROWS);
    strcpy(table, read_text_file("t.csv"));
    start_command((command_run){
        .arguments = "train --data - --label y --ignore kind,size --impute mean --hidden-units 60,30 --steps 16000 "
                     "--model m",
        .input = table});
    wait_for_text("  loss ");
    const char *go_on = expect_stopped(end_command(SIGINT), 130);
    run_command_with(go_on, table);
    expect_status(0);
    expect_model("m", 16000);
}
END_TEST

/* ---- Goals ------------------------------------------------------------------------------------------------------- */

#define SHORT T "--hidden-units 4 --batch-size 40 "

START_TEST(goals_of_a_model_that_goes_on)
{
    static char wanted[1 << 15];
    write_rows("t.csv", ROWS);
    run(SHORT "--steps 95 --model whole");
    strcpy(wanted, logits("whole"));
    run(SHORT "--steps 30 --model m");
    run("train --resume --model m --steps 20"); /* these are added */
    expect_err("\nresumes at step 30 of 50, rate 0.05, row 400 of epoch 2\n");
    expect_model("m", 50);
    run("train --resume --model m --to-step 65"); /* this is the goal */
    expect_err("\nresumes at step 50 of 65, rate 0.05, row 400 of epoch 4\n");
    expect_model("m", 65);
    run("train --resume --model m --epochs 3");
    expect_err("\nresumes at step 65, rate 0.05, row 200 of epoch 6\n");
    expect_model("m", 95);
    ck_assert_str_eq(logits("m"), wanted);
}
END_TEST

START_TEST(after_the_goal_nothing_is_done)
{
    static file_bytes before, after;
    write_rows("t.csv", ROWS);
    run(SHORT "--steps 1200 --model m --keep 1");
    load_bytes(path_in_folder("m"), &before);
    run("train --resume --model m");
    expect_err_is("t.csv: 400 rows, 2 columns, 2 classes (no 185, yes 215)\nm is trained to its end, step 1,200; "
                  "--steps N trains on\n");
    expect_out_is("");
    run("train --resume --model m --to-step 1000");
    load_bytes(path_in_folder("m"), &after);
    ck_assert(before.n == after.n && !memcmp(before.at, after.at, before.n));
    run("train --resume --model m --steps 1");
    expect_model("m", 1201);
}
END_TEST

/* ---- What cannot change ------------------------------------------------------------------------------------------ */

START_TEST(other_data)
{
    static file_bytes before, after;
    write_rows("t.csv", ROWS);
    run(SHORT "--steps 20 --model m");
    load_bytes(path_in_folder("m"), &before);
    write_rows("fewer.csv", ROWS - 3);
    run_command("train --resume --model m --steps 5 --data fewer.csv");
    expect_status(1);
    expect_err("\ngradtape: --resume: fewer.csv has 397 rows, the model was trained on 400; --model OTHER starts anew, "
               "--warm-start m takes the weights only\n");
    char *table = strdup(read_text_file("t.csv")), *row = strchr(table, '\n') + 1;
    row[1]++;
    write_file("t.csv", table);
    free(table);
    run_command("train --resume --model m --steps 5");
    expect_status(1);
    expect_err(
        "\ngradtape: --resume: t.csv has other names of columns, or another first or last row, than those of the "
        "last fit; --model OTHER starts anew, --warm-start m takes the weights only\n");
    write_file("lacks.csv", "a,y\n1,yes\n");
    run_command("train --resume --model m --steps 5 --data lacks.csv");
    expect_status(1);
    remove(path_in_folder("t.csv"));
    run_command("train --resume --model m --steps 5");
    expect_status(1);
    expect_err("t.csv");
    load_bytes(path_in_folder("m"), &after);
    ck_assert(before.n == after.n && !memcmp(before.at, after.at, before.n));
    write_rows("moved.csv", ROWS);
    run("train --resume --model m --steps 5 --data moved.csv"); /* the same rows in another place */
    run("train --resume --model m --steps 5");                  /* which it remembers */
    expect_model("m", 30);
}
END_TEST

static const char *const changed[] = {
    "--hidden-units 7",  "--seed 3",           "--rate 0.1",    "--label kind",
    "--task regression", "--scaling none",     "--dropout 0.5", "--impute level",
    "--optimizer adam",  "--categorical kind", "--numeric a",   "--class-weight yes=2",
};

START_TEST(an_option_of_the_model_cannot_change)
{
    char arguments[200], text[200];
    write_rows("t.csv", ROWS);
    run(SHORT "--steps 20 --model m");
    for (int i = 0; i < COUNT(changed); i++) {
        snprintf(arguments, sizeof arguments, "train --resume --model m --steps 5 %s", changed[i]);
        snprintf(
            text, sizeof text,
            "gradtape: %.*s cannot change with --resume; --model OTHER starts anew, --warm-start m takes the weights "
            "only\n",
            (int)strcspn(changed[i], " "), changed[i]);
        run_command(arguments);
        expect_status(2);
        expect_err_is(text);
    }
    run("train --resume --model m --steps 5 --hidden-units 4 --label y --ignore kind,size --impute mean --data t.csv");
    run("train --resume --model m --steps 5 --batch-size 10 --save-every 2 --keep 1"); /* of a run */
    expect_model("m", 30);
    expect_model("m.1", 28);
}
END_TEST

START_TEST(a_model_that_cannot_be_resumed)
{
    write_rows("t.csv", ROWS);
    run_command("train --resume --model m");
    expect_status(1);
    expect_err("gradtape: m: ");
    run_command("train --resume");
    expect_status(2);
    expect_err("gradtape: --model is missing: ");
    run(SHORT "--steps 20 --model m --keep 1 --save-every 10");
    static file_bytes model;
    load_bytes(path_in_folder("m"), &model);
    flip_bit(path_in_folder("m"), 8 * (model.n - 20)); /* of a tensor */
    run_command("train --resume --model m");
    expect_status(1);
    expect_err("gradtape: m: damaged: ");
    expect_err("; m.1 is the checkpoint before it\n");
    run("train --resume --model m.1");
    expect_model("m.1", 20);
    run_command("train --resume --model t.csv");
    expect_status(1);
    expect_err("gradtape: t.csv: not a safetensors file: ");
}
END_TEST

/* ---- Models of programs ------------------------------------------------------------------------------------------ */

static nn_dataset *read_table(void)
{
    nn_dataset *set = nn_dataset_open(NULL);
    const nn_csv_options o = {.label = "y", .ignored = NN_TEXTS("kind", "size"), .keep_missing = true};
    ck_assert_msg(nn_dataset_read_csv(set, path_in_folder("t.csv"), &o) == AD_OK, "%s", nn_dataset_message(set));
    return set;
}

static void fit(nn_classifier *c, const nn_data *data, const nn_fit_options *o)
{
    ck_assert_msg(nn_classifier_fit(c, data, o) == AD_OK, "%s", nn_classifier_message(c));
}

static nn_classifier *open_own(void)
{
    return nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {4}, .scaling = NN_SCALE_FEATURE, .impute = NN_IMPUTE_MEAN, .seed = 42});
}

/* A program's model, with a note of the program's or none, goes on from the command as it would in C. */
START_TEST(a_model_of_a_program)
{
    static const char *const notes[] = {NULL, "written by a program\nwithout = signs: like these"};
    static char own[1 << 15];
    for (int i = 0; i < COUNT(notes); i++) {
        write_rows("t.csv", ROWS);
        nn_dataset *set = read_table();
        nn_data data = nn_dataset_data(set);
        nn_classifier *c = open_own();
        fit(c, &data, &(nn_fit_options){.steps = 15});
        ck_assert_int_eq(nn_classifier_set_note(c, notes[i]), AD_OK);
        ck_assert_int_eq(nn_classifier_save(c, path_in_folder("own"), NULL), AD_OK);
        logits("own");
        run_command("train --resume --model own --steps 5");
        expect_status(1);
        expect_err("gradtape: --resume: own was not trained by gradtape train; say with --data what to train on\n");
        run("train --resume --model own --steps 5 --data t.csv --label y --ignore kind,size --quiet");
        fit(c, &data, &(nn_fit_options){.steps = 5});
        ck_assert_int_eq(nn_classifier_save(c, path_in_folder("c"), NULL), AD_OK);
        strcpy(own, logits("own"));
        ck_assert_str_eq(logits("c"), own);
        run("train --resume --model own --steps 5"); /* now it was */
        nn_classifier_close(c);
        nn_dataset_close(set);
    }
}
END_TEST

/* ---- Weights only ------------------------------------------------------------------------------------------------ */

START_TEST(warm_start)
{
    static char wanted[1 << 15];
    write_rows("t.csv", ROWS);
    run(SHORT "--steps 20 --model m");
    run(SHORT "--steps 7 --warm-start m --model new --optimizer adam");
    expect_model("new", 7);
    nn_dataset *set = read_table();
    const nn_data data = nn_dataset_data(set);
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.hidden_units = {4},
                                                                   .scaling = NN_SCALE_FEATURE,
                                                                   .impute = NN_IMPUTE_MEAN,
                                                                   .optimiser.rule = &nn_adam,
                                                                   .seed = 42});
    fit(c, &data, &(nn_fit_options){.steps = 7, .batch_size = 40, .warm_start = path_in_folder("m")});
    ck_assert_int_eq(nn_classifier_save(c, path_in_folder("c"), NULL), AD_OK);
    nn_classifier_close(c);
    nn_dataset_close(set);
    strcpy(wanted, logits("c"));
    ck_assert_str_eq(logits("new"), wanted);
    run("train --resume --model new --steps 3"); /* the option is of the first fit alone */
    expect_model("new", 10);
}
END_TEST

START_TEST(warm_start_is_refused)
{
    static const struct {
        int status;
        const char *line, *message;
    } refused[] = {
        {1, T "--hidden-units 5 --steps 7 --warm-start m --model new", "hiddenlayer_0"},
        {1, T "--hidden-units 4,4 --steps 7 --warm-start m --model new", "hiddenlayer_1"},
        {1, SHORT "--steps 7 --warm-start none --model new", "none"},
        {1, SHORT "--steps 7 --warm-start t.csv --model new", "t.csv"},
        {2, SHORT "--steps 7 --warm-start m --model m", "gradtape: --model m is the file of --warm-start"},
    };
    static file_bytes before, after;
    write_rows("t.csv", ROWS);
    run(SHORT "--steps 20 --model m");
    load_bytes(path_in_folder("m"), &before);
    for (int i = 0; i < COUNT(refused); i++) {
        run_command(refused[i].line);
        expect_status(refused[i].status);
        expect_err(refused[i].message);
    }
    load_bytes(path_in_folder("m"), &after);
    ck_assert(before.n == after.n && !memcmp(before.at, after.at, before.n));
    ck_assert_int_eq(count_files(), 2);
}
END_TEST

/* A sanitizer sees the same in one of each. */
#ifdef TESTS_FEW_TERMS
enum { MOMENTS = 1, KINDS = 1 };
#else
enum { MOMENTS = 3, KINDS = COUNT(trainings) };
#endif

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, interrupted_at_a_moment, 0, MOMENTS);
    tcase_add_loop_test(tests, trainings_of_each_kind, 0, KINDS);
    tcase_add_test(tests, patience_goes_on);
    tcase_add_test(tests, killed_after_a_checkpoint);
    tcase_add_test(tests, a_second_signal_ends_it_at_once);
    tcase_add_test(tests, interrupted_while_data_are_read);
    tcase_add_test(tests, standard_input_goes_on);
    tcase_add_test(tests, goals_of_a_model_that_goes_on);
    tcase_add_test(tests, after_the_goal_nothing_is_done);
    tcase_add_test(tests, other_data);
    tcase_add_test(tests, an_option_of_the_model_cannot_change);
    tcase_add_test(tests, a_model_that_cannot_be_resumed);
    tcase_add_test(tests, a_model_of_a_program);
    tcase_add_test(tests, warm_start);
    tcase_add_test(tests, warm_start_is_refused);
}

int main(void) { return run_in_folder("resume", add_tests); }
