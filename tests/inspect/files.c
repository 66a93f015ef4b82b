/* Files that show a tape: what all their writers have in common. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gradtape/show.h>

#include "../support/one_folder.h"
#include "../support/sample_tapes.h"

typedef ad_shown write_tape(ad_tape *t, const char *path, const ad_write_options *options);
static write_tape *const writers[] = {ad_write_json, ad_write_dot, ad_write_html};

/* Each test runs once for a writer, or for a writer and a sample tape. */
static write_tape *writer_of(int i) { return writers[i % COUNT(writers)]; }
static const char *sample_of(int i) { return sample_tapes[i / COUNT(writers)].name; }

static void expect_shown(ad_shown shown, ad_status status, const char *message)
{
    ck_assert_int_eq(shown.status, status);
    ck_assert_msg(strstr(shown.message, message) && (*message || !*shown.message), "the message is: %s", shown.message);
}

static void expect_refused(write_tape *write, const char *path, ad_status status, const char *message)
{
    expect_shown(write(t, path, NULL), status, message);
    ck_assert_int_eq(empty_folder(), 0);
    expect_ok(t);
}

static void write_old(const char *path)
{
    FILE *file = fopen(path, "wb");
    ck_assert(file && fputs("old", file) >= 0 && fclose(file) == 0);
}

/* The bytes of a file, ended with 0. */
static char *read_all(const char *path)
{
    enum { MOST = 1 << 22 };
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(MOST);
    ck_assert(file && bytes);
    const size_t n = fread(bytes, 1, MOST, file);
    ck_assert_uint_lt(n, MOST);
    bytes[n] = 0;
    fclose(file);
    return bytes;
}

static void expect_old(const char *path)
{
    char *bytes = read_all(path);
    ck_assert_str_eq(bytes, "old");
    free(bytes);
    ck_assert_int_eq(empty_folder(), 1); /* and no unfinished one beside it */
}

START_TEST(bad_tapes_and_paths)
{
    write_tape *write = writer_of(_i);
    static const char *const nulls[] = {"write_json: the tape is NULL", "write_dot: the tape is NULL",
                                        "write_html: the tape is NULL"};
    char path[800];
    record_sample(t, "formula");
    expect_shown(write(NULL, path_of("tape"), NULL), AD_BAD_HANDLE, nulls[_i % COUNT(writers)]);
    expect_refused(write, NULL, AD_BAD_VALUE, ": the path is NULL");
    expect_refused(write, "", AD_BAD_VALUE, "the path is empty");
    expect_refused(write, folder, AD_BAD_FILE, "no regular file");
    expect_refused(write, "/dev/null", AD_BAD_FILE, "no regular file");
    snprintf(path, sizeof path, "%s/none/tape", folder);
    expect_refused(write, path, AD_BAD_FILE, "no file can be made in the folder of");
    snprintf(path, sizeof path, "%s/%0300d", folder, 1);
    expect_refused(write, path, AD_BAD_FILE, "no file can be made in the folder of");
    snprintf(path, sizeof path, "%s/tape/", folder);
    expect_refused(write, path, AD_BAD_FILE, "no file can be made in the folder of");
}
END_TEST

/* A symbolic link stays, and the file to which it leads is replaced by one that the same people may read. */
START_TEST(links_stay)
{
    char link[800];
    record_sample(t, "formula");
    write_old(path_of("tape"));
    snprintf(link, sizeof link, "%s/link", folder);
    ck_assert_int_eq(chmod(path_of("tape"), 0600), 0);
    ck_assert_int_eq(symlink("tape", link), 0);
    expect_shown(writer_of(_i)(t, link, NULL), AD_OK, "");
    struct stat status;
    ck_assert(lstat(link, &status) == 0 && S_ISLNK(status.st_mode));
    ck_assert(stat(link, &status) == 0 && (status.st_mode & 0777) == 0600);
    char *bytes = read_all(path_of("tape"));
    ck_assert_str_ne(bytes, "old");
    free(bytes);
    ck_assert_int_eq(unlink(path_of("tape")), 0);
    expect_shown(writer_of(_i)(t, link, NULL), AD_BAD_FILE, "is a symbolic link that leads to no file: remove it");
    expect_shown(writer_of(_i)(t, "/dev/stdout", NULL), AD_BAD_FILE, "no regular file");
    ck_assert_int_eq(unlink(link), 0);
    ck_assert_int_eq(empty_folder(), 0);
}
END_TEST

START_TEST(the_new_file_takes_the_place_of_the_old)
{
    record_sample(t, "formula");
    write_old(path_of("tape"));
    write_old(path_of("tape.part0")); /* somebody else's */
    expect_shown(writer_of(_i)(t, path_of("tape"), NULL), AD_OK, "");
    char *bytes = read_all(path_of("tape")), *other = read_all(path_of("tape.part0"));
    ck_assert_str_ne(bytes, "old");
    ck_assert_str_eq(other, "old");
    ck_assert_int_eq(empty_folder(), 2);
    free(bytes);
    free(other);
}
END_TEST

START_TEST(the_old_file_stays_if_the_disk_is_full)
{
    struct rlimit before;
    record_chain(t, 2000);
    write_old(path_of("tape"));
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (rlim_t most = 0; most <= 1 << 16; most += 1 << 14) {
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){most, before.rlim_max}), 0);
        const ad_shown shown = writer_of(_i)(t, path_of("tape"), NULL);
        setrlimit(RLIMIT_FSIZE, &before);
        expect_shown(shown, AD_BAD_FILE, "cannot be written: File too large");
    }
    signal(SIGXFSZ, handler);
    expect_old(path_of("tape"));
    expect_ok(t);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    size_t k = 0, refused;
    record_sample(t, sample_of(_i));
    const ad_status status = ad_status_of(t);
    do {
        write_old(path_of("tape"));
        refused = memory.refused;
        const size_t blocks = memory.blocks;
        counting_fail(&memory, ++k, COUNTING_ONCE);
        const ad_shown shown = writer_of(_i)(t, path_of("tape"), NULL);
        counting_heal(&memory);
        ck_assert_uint_eq(memory.blocks, blocks);
        ck_assert_int_eq(ad_status_of(t), status);
        refused = memory.refused - refused;
        expect_shown(shown, refused ? AD_NO_MEMORY : AD_OK, refused ? "out of memory" : "");
        if (refused)
            expect_old(path_of("tape"));
    } while (refused);
    ck_assert_uint_ge(k, 2);
    ck_assert_int_eq(empty_folder(), 1);
}
END_TEST

/* Gradients are read by their bits, whether inner ones or not. */
static uint64_t hash_all(void)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < ad_kept_count(t) + ad_entry_count(t); i++) {
        const ad_tensor x = i < ad_kept_count(t) ? ad_kept_at(t, i) : ad_recorded_at(t, i - ad_kept_count(t));
        for (int g = 0; g < 2 && !ad_is_dropped(x) && (!g || ad_has_gradient(x)); g++) {
            const ad_tensor y = g ? ad_gradient(x) : x;
            const unsigned char *bytes = ad_data(y);
            for (size_t k = 0; k < ad_size_of(y) * ad_type_bytes(ad_type_of(y)); k++)
                hash = (hash ^ bytes[k]) * UINT64_C(0x100000001b3);
        }
    }
    return hash;
}

START_TEST(looking_changes_nothing)
{
    record_sample(t, sample_of(_i));
    const ad_status status = ad_status_of(t);
    const size_t entries = ad_entry_count(t), kept = ad_kept_count(t), parts = ad_part_count(t, AD_BAND_BACKWARD);
    const uint64_t hash = hash_all();
    const ad_usage before = ad_usage_of(t);
    char message[512];
    snprintf(message, sizeof message, "%s", ad_message(t));
    expect_shown(writer_of(_i)(t, path_of("tape"), NULL), AD_OK, "");
    const ad_usage after = ad_usage_of(t);
    ck_assert_int_eq(ad_status_of(t), status);
    ck_assert_str_eq(ad_message(t), message);
    ck_assert(entries == ad_entry_count(t) && kept == ad_kept_count(t));
    ck_assert(parts == ad_part_count(t, AD_BAND_BACKWARD) && ad_is_watched(t));
    ck_assert(before.bytes == after.bytes && before.allocations == after.allocations);
    ck_assert_uint_eq(hash_all(), hash);
    ck_assert_int_eq(empty_folder(), 1);
}
END_TEST

START_TEST(the_same_tape_gives_the_same_bytes)
{
    char *bytes[2];
    for (int i = 0; i < 2; i++) {
        record_sample(t, sample_of(_i));
        expect_shown(writer_of(_i)(t, path_of("tape"), NULL), AD_OK, "");
        bytes[i] = read_all(path_of("tape"));
        close_tape();
        open_tape();
        memory.garbage = 0x5A;
    }
    ck_assert_str_eq(bytes[0], bytes[1]);
    free(bytes[0]);
    free(bytes[1]);
    empty_folder();
}
END_TEST

static void add_tests(TCase *tests)
{
    const int all = COUNT(writers) * sample_tape_count;
    tcase_add_loop_test(tests, bad_tapes_and_paths, 0, COUNT(writers));
    tcase_add_loop_test(tests, links_stay, 0, COUNT(writers));
    tcase_add_loop_test(tests, the_new_file_takes_the_place_of_the_old, 0, COUNT(writers));
    tcase_add_loop_test(tests, the_old_file_stays_if_the_disk_is_full, 0, COUNT(writers));
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, all);
    tcase_add_loop_test(tests, looking_changes_nothing, 0, all);
    tcase_add_loop_test(tests, the_same_tape_gives_the_same_bytes, 0, all);
}

int main(void) { return run_in_one_folder("files", add_tests); }
