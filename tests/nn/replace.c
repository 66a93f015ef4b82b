/* Files that are replaced as a whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../nn/files/replace.h"
#include "../support/check.h"
#include "../support/counting.h"
#include "../support/data_files.h"
#include "../support/failing_calls.h"

static counting memory;
static ad_memory meter;
static char message[600];

static void open_memory(void)
{
    counting_open(&memory);
    meter = ad_memory_over(&memory.allocator);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "wb");
    ck_assert_msg(file && fputs(content, file) >= 0 && fclose(file) == 0, "%s", path);
}

/* FOLDER/m, to keep. */
static const char *the_path(void)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s", path_in_folder("m"));
    return path;
}

/* "" if there is none. */
static const char *content_of(const char *path)
{
    static char contents[4][200];
    static unsigned turn;
    char *content = contents[turn++ % 4];
    FILE *file = fopen(path, "rb");
    content[file ? fread(content, 1, sizeof *contents - 1, file) : 0] = 0;
    if (file)
        fclose(file);
    return content;
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

/* The names in a folder, sorted, with spaces between. */
static const char *names_in(const char *path)
{
    static char text[8192], names[60][300];
    size_t n = 0, length = 0;
    DIR *folder = opendir(path);
    ck_assert_msg(folder, "%s", path);
    for (struct dirent *e; n < 60 && (e = readdir(folder));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            snprintf(names[n++], sizeof *names, "%s", e->d_name);
    closedir(folder);
    qsort(names, n, sizeof *names, by_text);
    text[0] = 0;
    for (size_t i = 0; i < n; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i ? " " : "", names[i]);
    return text;
}

static const char *names_here(void)
{
    char here[4096];
    snprintf(here, sizeof here, "%s", path_in_folder("."));
    return names_in(here);
}

static mode_t mode_of(const char *path)
{
    struct stat about;
    ck_assert_int_eq(lstat(path, &about), 0);
    return about.st_mode & 07777;
}

static ino_t number_of(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0 ? about.st_ino : 0;
}

/* Writes a file as a user of the functions does. */
static ad_status save(const char *path, const char *content, int64_t keep)
{
    nn_replacement r;
    message[0] = 0;
    if (nn_replace_begin(&r, path, &meter, message, sizeof message) && nn_replace_write(&r, content, strlen(content)) &&
        nn_replace_write_at(&r, content, 1, 0))
        nn_replace_end(&r, keep);
    nn_replace_close(&r);
    ck_assert_msg((r.status == AD_OK) == (message[0] == 0), "%s", message);
    return r.status;
}

static void expect_saved(const char *path, const char *content, int64_t keep)
{
    open_memory();
    ck_assert_msg(save(path, content, keep) == AD_OK, "%s", message);
    ck_assert_str_eq(content_of(path), content);
    counting_check_released(&memory);
}

/* The message is the path, and this. */
static void expect_refused(const char *path, const char *why)
{
    open_memory();
    ck_assert_int_eq(save(path, "new", 0), AD_BAD_FILE);
    const size_t n = strlen(path);
    ck_assert_msg(strncmp(message, path, n) == 0 && strncmp(message + n, ": cannot be written: ", 21) == 0 &&
                      strcmp(message + n + 21, why) == 0,
                  "the message is: %s\nnot: %s", message, why);
    counting_check_released(&memory);
}

/* ---- Replacing --------------------------------------------------------------------------------------------------- */

START_TEST(a_new_file_is_made)
{
    const mode_t mask = umask(027);
    const char *path = the_path();
    expect_saved(path, "first", 0);
    umask(mask);
    ck_assert_int_eq(mode_of(path), 0640);
    ck_assert_str_eq(names_here(), "m");
}
END_TEST

START_TEST(a_file_is_replaced_and_keeps_its_permissions)
{
    static const mode_t modes[] = {0600, 0640, 0444, 0755};
    const char *path = the_path();
    write_file(path, "old");
    for (int i = 0; i < COUNT(modes); i++) {
        const ino_t before = number_of(path);
        ck_assert_int_eq(chmod(path, modes[i]), 0);
        expect_saved(path, "new", 0);
        ck_assert_int_eq(mode_of(path), modes[i]);
        ck_assert_uint_ne(number_of(path), before);
        ck_assert_str_eq(names_here(), "m");
    }
}
END_TEST

START_TEST(the_owner_stays_where_it_may)
{
    struct stat about;
    const char *path = the_path();
    write_file(path, "old");
    if (geteuid() != 0 || chown(path, 12, 34) != 0)
        return;
    expect_saved(path, "new", 0);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_int_eq(about.st_uid, 12);
    ck_assert_int_eq(about.st_gid, 34);
}
END_TEST

START_TEST(until_the_end_the_old_file_is_there)
{
    nn_replacement r;
    const char *path = the_path();
    write_file(path, "old");
    ck_assert_int_eq(chmod(path, 0644), 0);
    open_memory();
    ck_assert(nn_replace_begin(&r, path, &meter, message, sizeof message));
    ck_assert(nn_replace_write(&r, "new", 3));
    ck_assert_int_eq(mode_of(path_in_folder(".m.saving")), 0600); /* until its end nobody else reads it */
    ck_assert_str_eq(content_of(path), "old");
    ck_assert_str_eq(names_here(), ".m.saving m");
    nn_replace_close(&r);
    ck_assert_int_eq(r.status, AD_OK);
    ck_assert_str_eq(content_of(path), "old");
    ck_assert_str_eq(names_here(), "m");
    counting_check_released(&memory);
}
END_TEST

/* ---- Paths ------------------------------------------------------------------------------------------------------- */

START_TEST(a_link_stays_and_its_file_is_replaced)
{
    static const char *const links[][2] = {{"b/m", "to"}, {"to", "again"}, {"missing", "dangling"}};
    char folder[4096];
    ck_assert_int_eq(mkdir(path_in_folder("b"), 0777), 0);
    write_file(path_in_folder("b/m"), "old");
    for (int i = 0; i < COUNT(links); i++)
        ck_assert_int_eq(symlink(links[i][0], path_in_folder(links[i][1])), 0);
    ck_assert_int_eq(symlink(path_in_folder("again"), path_in_folder("b/up")), 0);
    expect_saved(path_in_folder("to"), "1", 0);
    ck_assert_str_eq(content_of(path_in_folder("b/m")), "1");
    expect_saved(path_in_folder("again"), "2", 1);
    ck_assert_str_eq(content_of(path_in_folder("b/m")), "2");
    ck_assert_str_eq(content_of(path_in_folder("b/m.1")), "1");
    expect_saved(path_in_folder("b/up"), "3", 0);
    ck_assert_str_eq(content_of(path_in_folder("b/m")), "3");
    expect_saved(path_in_folder("dangling"), "4", 0);
    ck_assert_str_eq(content_of(path_in_folder("missing")), "4");
    ck_assert_str_eq(names_here(), "again b dangling missing to");
    snprintf(folder, sizeof folder, "%s", path_in_folder("b"));
    ck_assert_str_eq(names_in(folder), "m m.1 up");
    remove(path_in_folder("b/m"));
    remove(path_in_folder("b/m.1"));
    remove(path_in_folder("b/up"));
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
    struct stat about;
    const char no_file[] = "it is not a regular file; give the path of one, or of a new one; no file was made";
    ck_assert_int_eq(mkdir(path_in_folder("folder"), 0777), 0);
    ck_assert_int_eq(mkfifo(path_in_folder("fifo"), 0666), 0);
    ck_assert_int_eq(symlink("fifo", path_in_folder("to_fifo")), 0);
    ck_assert_int_eq(symlink("loop", path_in_folder("loop")), 0);
    write_file(path_in_folder("file"), "old");
    expect_refused(path_in_folder("folder"), "it is a directory; give the path of a file in it; no file was made");
    expect_refused(path_in_folder("folder/"), "it is a directory; give the path of a file in it; no file was made");
    expect_refused(path_in_folder("fifo"), no_file);
    expect_refused(path_in_folder("to_fifo"), no_file);
    expect_refused("/dev/full", no_file);
    expect_refused("/dev/null", no_file);
    expect_refused("", "the path has no file's name; give one; no file was made");
    expect_refused(path_in_folder("new/"), "the path has no file's name; give one; no file was made");
    expect_refused(path_in_folder("missing/m"),
                   "its folder cannot be opened: No such file or directory; no file was made");
    expect_refused(path_in_folder("file/m"), "Not a directory; no file was made");
    expect_refused(path_in_folder("loop"), "Too many levels of symbolic links; no file was made");
    ck_assert_str_eq(names_here(), "fifo file folder loop to_fifo");
    ck_assert(lstat(path_in_folder("fifo"), &about) == 0 && S_ISFIFO(about.st_mode));
    ck_assert(stat("/dev/full", &about) == 0 && S_ISCHR(about.st_mode));
}
END_TEST

/* An open file whose name is gone: its name in /proc leads nowhere. */
START_TEST(a_file_without_a_name_is_refused)
{
    char path[64];
    const int file = open(path_in_folder("gone"), O_RDWR | O_CREAT, 0666);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(remove(path_in_folder("gone")), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    for (int i = 0; access(path, F_OK) == 0 && i < 2; i++) {
        expect_refused(path, "it leads to a file without a name; give the path of a file; the old file is as it was");
        write_file(path_in_folder("gone (deleted)"), "other"); /* what /proc calls it is another file then */
    }
    close(file);
    ck_assert_str_eq(content_of(path_in_folder("gone (deleted)")), "other");
}
END_TEST

START_TEST(a_path_without_a_folder_is_here)
{
    char before[4096];
    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    ck_assert_int_eq(chdir(path_in_folder(".")), 0);
    expect_saved("m", "new", 1);
    expect_saved("m", "newer", 1);
    ck_assert_str_eq(names_in("."), "m m.1");
    ck_assert_int_eq(chdir(before), 0);
}
END_TEST

START_TEST(long_names_are_written)
{
    char name[300], longer[PATH_MAX + 10], tail[400];
    nn_replacement r;
    memset(name, 'n', sizeof name);
    for (size_t n = 240; n <= 255; n++) {
        name[n] = 0;
        expect_saved(path_in_folder(name), "new", n < 254 ? 2 : 0);
        expect_saved(path_in_folder(name), "newer", n < 254 ? 2 : 0);
        open_memory();
        ck_assert(nn_replace_begin(&r, path_in_folder(name), &meter, message, sizeof message));
        ck_assert_ptr_nonnull(strstr(names_here(), n < 247 ? ".nnnn" : ".gradtape-"));
        nn_replace_close(&r);
        ck_assert_ptr_null(strstr(names_here(), "."
                                                "saving"));
        remove(path_in_folder(name));
        name[n] = 'n';
    }
    name[256] = 0;
    open_memory();
    ck_assert_int_eq(save(path_in_folder(name), "new", 0), AD_BAD_FILE);
    snprintf(tail, sizeof tail, ": cannot be written: File name too long; no file was made");
    ck_assert_ptr_nonnull(strstr(message, tail));
    memset(longer, '/', sizeof longer);
    snprintf(longer + PATH_MAX, 8, "m");
    ck_assert_int_eq(save(longer, "new", 0), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, tail));
    counting_check_released(&memory);
}
END_TEST

/* ---- Saves that were killed, and saves at once ------------------------------------------------------------------- */

START_TEST(what_a_killed_save_left_is_removed)
{
    int status;
    const char *path = the_path();
    write_file(path, "old");
    const pid_t child = fork();
    if (child == 0) {
        nn_replacement r;
        open_memory();
        if (nn_replace_begin(&r, path, &meter, message, sizeof message) && nn_replace_write(&r, "half", 4))
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    ck_assert(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    ck_assert_str_eq(names_here(), ".m.saving m");
    ck_assert_str_eq(content_of(path), "old");
    expect_saved(path, "new", 1);
    ck_assert_str_eq(names_here(), "m m.1");
    write_file(path_in_folder(".m.saving"), "left");
    write_file(path_in_folder(".m.keeping"), "left");
    ck_assert_int_eq(chmod(path_in_folder(".m.saving"), 0444), 0);
    expect_saved(path, "newer", 1);
    ck_assert_str_eq(names_here(), "m m.1");
    ck_assert_str_eq(content_of(path_in_folder("m.1")), "new");
}
END_TEST

/* Who may not write what was left may still read it, and see whether it is locked. */
START_TEST(what_is_left_read_only_is_removed)
{
    write_file(path_in_folder(".m.saving"), "left");
    failing_calls = (struct failing_calls){.kinds = CALL_OPEN, .at = 3, .error = EACCES};
    expect_saved(the_path(), "new", 0);
    ck_assert_int_eq(failing_calls.failed, 1);
    ck_assert_str_eq(names_here(), "m");
}
END_TEST

START_TEST(a_second_save_at_once_is_refused)
{
    nn_replacement first, second;
    const char *path = the_path();
    write_file(path, "old");
    open_memory();
    ck_assert(nn_replace_begin(&first, path, &meter, message, sizeof message));
    expect_refused(path, "another save of it is under way; save again when that has ended, or to another path; the old "
                         "file is as it was");
    ck_assert_str_eq(names_here(), ".m.saving m");
    ck_assert(nn_replace_write(&first, "first", 5) && nn_replace_end(&first, 0));
    ck_assert_str_eq(content_of(path), "first");
    ck_assert(nn_replace_begin(&second, path, &meter, message, sizeof message));
    nn_replace_close(&first);
    ck_assert_str_eq(names_here(), ".m.saving m");
    ck_assert(nn_replace_write(&second, "second", 6) && nn_replace_end(&second, 0));
    nn_replace_close(&second);
    ck_assert_str_eq(content_of(path), "second");
    ck_assert_str_eq(names_here(), "m");
}
END_TEST

START_TEST(what_is_in_the_way_stays)
{
    const char *path = the_path();
    const char *way = path_in_folder(".m.saving");
    ck_assert_int_eq(mkdir(way, 0777), 0);
    expect_refused(path, ".m.saving beside it cannot be opened; if no other program is saving it, remove that; no file "
                         "was made");
    ck_assert_int_eq(rmdir(way), 0);
    ck_assert_int_eq(symlink("elsewhere", way), 0);
    expect_refused(path, ".m.saving beside it cannot be opened; if no other program is saving it, remove that; no file "
                         "was made");
    ck_assert_int_eq(unlink(way), 0);
    ck_assert_int_eq(mkfifo(way, 0666), 0);
    expect_refused(path, ".m.saving beside it is no regular file; if no other program is saving it, remove that; no "
                         "file was made");
    ck_assert_str_eq(names_here(), ".m.saving");
}
END_TEST

/* Where files cannot be locked, a file that was left cannot be told from one that is written. */
START_TEST(without_locks_a_file_is_saved)
{
    const char *path = the_path();
    failing_calls = (struct failing_calls){.kinds = CALL_LOCK, .at = 1, .error = ENOLCK, .for_good = true};
    expect_saved(path, "new", 1);
    expect_saved(path, "newer", 1);
    ck_assert_int_eq(failing_calls.failed, 2);
    write_file(path_in_folder(".m.saving"), "left");
    expect_refused(path, ".m.saving beside it cannot be locked; if no other program is saving it, remove that; the old "
                         "file is as it was");
}
END_TEST

/* Another save looks between a file's making and its lock, and takes it away. */
static void take_away(int kind, int call)
{
    if (kind == CALL_LOCK && call == 1) {
        failing_calls.kinds = 0;
        ck_assert_int_eq(unlink(path_in_folder(".m.saving")), 0);
        failing_calls.kinds = CALL_LOCK;
    }
}

START_TEST(a_file_that_is_taken_away_is_made_again)
{
    const char *path = the_path();
    failing_calls = (struct failing_calls){.kinds = CALL_LOCK, .before = take_away};
    expect_saved(path, "new", 0);
    ck_assert_int_eq(failing_calls.calls, 2);
    ck_assert_str_eq(names_here(), "m");
    failing_calls = (struct failing_calls){.kinds = CALL_LOCK, .at = 1, .error = EWOULDBLOCK, .for_good = true};
    expect_refused(path, "another save of it is under way; save again when that has ended, or to another path; the old "
                         "file is as it was");
}
END_TEST

/* Several processes save to one path, and one looks: what it sees is always whole, and in the end nothing is left. */
START_TEST(saves_at_once_leave_whole_files)
{
    enum { SAVERS = 3, TIMES = 150 };
    const char *path = the_path();
    pid_t savers[SAVERS];
    int status, saved = 0;
    write_file(path, "wwwwwwwwww");
    for (int i = 0; i < SAVERS; i++) {
        savers[i] = fork();
        if (savers[i] != 0)
            continue;
        int times = 0;
        for (int k = 0; k < TIMES; k++) {
            char content[11];
            memset(content, 'a' + (i + k) % 20, 10);
            content[10] = 0;
            open_memory();
            const ad_status result = save(path, content, 2);
            times += result == AD_OK;
            if (result != AD_OK && !strstr(message, "another save of it is under way"))
                _exit(255);
        }
        _exit(times > 200 ? 200 : times);
    }
    for (int k = 0; k < 2000; k++) {
        const char *seen = content_of(path);
        ck_assert_msg(strlen(seen) == 10 && strspn(seen, (char[]){seen[0], 0}) == 10, "seen: %s", seen);
    }
    for (int i = 0; i < SAVERS; i++) {
        ck_assert(waitpid(savers[i], &status, 0) == savers[i] && WIFEXITED(status));
        ck_assert_int_ne(WEXITSTATUS(status), 255);
        saved += WEXITSTATUS(status);
    }
    ck_assert_int_gt(saved, 0);
    ck_assert_str_eq(names_here(), "m m.1 m.2");
}
END_TEST

/* ---- Files that are kept ----------------------------------------------------------------------------------------- */

/* What the first files are, "-" for none: "5 4 3". */
static const char *kept_files(void)
{
    static char text[100];
    size_t n = 0;
    for (int i = 0; i < 6; i++) {
        char name[32];
        snprintf(name, sizeof name, i ? "m.%d" : "m", i);
        const char *content = content_of(path_in_folder(name));
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " " : "", *content ? content : "-");
    }
    return text;
}

START_TEST(the_files_before_are_kept)
{
    static const struct {
        int keep;
        const char *wanted;
    } saves[] = {{0, "0 - - - - -"}, {1, "1 0 - - - -"}, {3, "2 1 0 - - -"}, {3, "3 2 1 0 - -"}, {3, "4 3 2 1 - -"},
                 {1, "5 4 2 1 - -"}, {0, "6 4 2 1 - -"}, {5, "7 6 4 2 1 -"}, {2, "8 7 6 2 1 -"}};
    const char *path = the_path();
    for (int i = 0; i < COUNT(saves); i++) {
        char content[16];
        snprintf(content, sizeof content, "%d", i);
        expect_saved(path, content, saves[i].keep);
        ck_assert_str_eq(kept_files(), saves[i].wanted);
    }
    ck_assert_int_eq(remove(path_in_folder("m.2")), 0); /* what stands behind a gap stays */
    expect_saved(path_in_folder("m"), "9", 4);
    ck_assert_str_eq(kept_files(), "9 8 7 2 1 -");
    ck_assert_str_eq(names_here(), "m m.1 m.2 m.3 m.4");
}
END_TEST

START_TEST(what_is_no_file_is_not_moved)
{
    const char *path = the_path();
    write_file(path, "old");
    ck_assert_int_eq(mkdir(path_in_folder("m.1"), 0777), 0);
    open_memory();
    ck_assert_int_eq(save(path, "new", 1), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(
        message, ": cannot be written: what is called .1 is no regular file; move it away; the old file is as it "
                 "was"));
    ck_assert_int_eq(rmdir(path_in_folder("m.1")), 0);
    ck_assert_int_eq(symlink("x", path_in_folder("m.1")), 0);
    ck_assert_int_eq(save(path, "new", 3), AD_BAD_FILE);
    ck_assert_str_eq(content_of(path), "old");
    ck_assert_str_eq(names_here(), "m m.1");
    counting_check_released(&memory);
}
END_TEST

/* Killed between keeping and renaming: the file has both names, which is what keeping it does. */
START_TEST(a_file_is_not_kept_twice)
{
    const char *path = the_path();
    write_file(path, "2");
    write_file(path_in_folder("m.2"), "1");
    ck_assert_int_eq(link(path, path_in_folder("m.1")), 0);
    expect_saved(path, "3", 3);
    ck_assert_str_eq(kept_files(), "3 2 1 - - -");
}
END_TEST

START_TEST(where_there_are_no_links_files_are_copied)
{
    const char *path = the_path();
    failing_calls = (struct failing_calls){.kinds = CALL_LINK, .at = 1, .error = EPERM, .for_good = true};
    write_file(path, "0");
    ck_assert_int_eq(chmod(path, 0604), 0);
    for (int i = 1; i < 4; i++)
        expect_saved(path, (char[]){(char)('0' + i), 0}, 2);
    ck_assert_int_eq(failing_calls.failed, 3);
    ck_assert_str_eq(kept_files(), "3 2 1 - - -");
    ck_assert_str_eq(names_here(), "m m.1 m.2");
    ck_assert_int_eq(mode_of(path_in_folder("m.1")), 0604);
    static char large[600000];
    memset(large, 'x', sizeof large - 1);
    open_memory();
    ck_assert_int_eq(save(path, large, 0), AD_OK);
    ck_assert_int_eq(save(path, "end", 1), AD_OK);
    struct stat about;
    ck_assert(stat(path_in_folder("m.1"), &about) == 0 && about.st_size == sizeof large - 1);
    counting_check_released(&memory);
}
END_TEST

/* ---- Everything that can fail ------------------------------------------------------------------------------------ */

/* The file is the old one or the new one, as the message says, and nothing but it and those that are kept is there. */
static void check_whole(const char *path, ad_status status)
{
    const char *content = content_of(path);
    const bool is_new = status == AD_OK || strstr(message, ": the new file is there");
    ck_assert_msg(strcmp(content, is_new ? "new" : "old") == 0, "%s: %s", message, content);
    ck_assert(is_new || strstr(message, "; the old file is as it was"));
    const char *names = names_here();
    ck_assert_msg(!strstr(names, ".saving") && !strstr(names, ".keeping"), "%s: %s", message, names);
}

/* Each call of the system fails in turn; in half of the cases there are no links. */
START_TEST(whatever_fails_the_file_is_whole)
{
    static const int errors[] = {EIO, ENOSPC, EACCES};
    const int keep = _i % 3, error = errors[_i / 3 % 3];
    int failures = 0, call = 1;
    for (bool more = true; more; call++) {
        const char *path = the_path();
        write_file(path, "old");
        write_file(path_in_folder("m.1"), "older");
        open_memory();
        failing_calls = (struct failing_calls){.kinds = CALL_ANY, .at = call, .error = error, .has_no_links = _i >= 9};
        const ad_status status = save(path, "new", keep);
        more = failing_calls.failed > 0;
        failures += status != AD_OK;
        failing_calls = (struct failing_calls){0};
        ck_assert(more || status == AD_OK);
        check_whole(path, status);
        expect_saved(path, "new", keep);
        ck_assert_str_eq(content_of(path), "new");
        counting_check_released(&memory);
    }
    ck_assert_int_ge(failures, keep ? 6 : 5);
}
END_TEST

/* The rename is done then, so the message says so. Some file systems cannot flush folders, which is no error. */
START_TEST(a_folder_that_is_not_flushed_is_an_error)
{
    char wanted[4300];
    open_memory();
    failing_calls = (struct failing_calls){.kinds = CALL_FLUSH, .at = 2, .error = EIO};
    ck_assert_int_eq(save(the_path(), "new", 0), AD_BAD_FILE);
    snprintf(
        wanted, sizeof wanted,
        "%s: the new file is there, but its folder cannot be flushed to the disk: Input/output error; if the machine "
        "stops now, the old file may come back",
        the_path());
    ck_assert_str_eq(message, wanted);
    ck_assert_str_eq(content_of(the_path()), "new");
    failing_calls = (struct failing_calls){.kinds = CALL_FLUSH, .at = 2, .error = EINVAL};
    expect_saved(the_path(), "newer", 0);
    failing_calls = (struct failing_calls){.kinds = CALL_FLUSH, .at = 1, .error = EINVAL};
    ck_assert_int_eq(save(the_path(), "newest", 0), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, "flushing it to the disk: Invalid argument; the old file is as it was"));
    counting_check_released(&memory);
}
END_TEST

static char order[100];

static void note_call(int kind, int call)
{
    (void)call;
    const char letter = kind == CALL_WRITE ? 'w' : kind == CALL_FLUSH ? 'f' : kind == CALL_LINK ? 'l' : 'r';
    const size_t n = strlen(order);
    if (n + 1 < sizeof order)
        order[n] = letter;
}

/* The file is flushed before it is renamed, and the folder behind that; a copy is flushed before it has its name. */
START_TEST(what_is_renamed_was_flushed)
{
    static const char *const wanted[] = {"wwfrf", "wwflrrf", "wwfwfrrf"};
    for (int i = 0; i < COUNT(wanted); i++) {
        write_file(the_path(), "old");
        remove(path_in_folder("m.1"));
        memset(order, 0, sizeof order);
        failing_calls = (struct failing_calls){
            .kinds = CALL_WRITE | CALL_FLUSH | CALL_RENAME | CALL_LINK, .before = note_call, .has_no_links = i == 2};
        expect_saved(the_path(), "new", i > 0);
        ck_assert_str_eq(order, wanted[i]);
    }
}
END_TEST

START_TEST(signals_and_short_writes_do_no_harm)
{
    const char *path = the_path();
    failing_calls = (struct failing_calls){.kinds = CALL_OPEN | CALL_READ | CALL_WRITE | CALL_FLUSH | CALL_LOCK,
                                           .are_interrupted = true};
    write_file(path, "old");
    expect_saved(path, "a content that takes several writes of seven bytes each", 1);
    failing_calls.kinds |= CALL_LINK;
    expect_saved(path, "new", 1);
    ck_assert_str_eq(content_of(path_in_folder("m.1")), "a content that takes several writes of seven bytes each");
    ck_assert_str_eq(names_here(), "m m.1");
}
END_TEST

START_TEST(without_memory_the_old_file_stays)
{
    const char *path = the_path();
    size_t failures = 0;
    for (size_t k = 1;; k++) {
        write_file(path, "old");
        open_memory();
        failing_calls = (struct failing_calls){.kinds = CALL_LINK, .at = 1, .error = EPERM};
        counting_fail(&memory, k, COUNTING_ONCE);
        const ad_status status = save(path, "new", 1);
        counting_check_released(&memory);
        if (status == AD_OK)
            break;
        failures++;
        ck_assert_int_eq(status, AD_NO_MEMORY);
        ck_assert_ptr_nonnull(strstr(message, ": cannot be written: memory is out; the old file is as it was"));
        ck_assert_str_eq(content_of(path), "old");
        ck_assert_str_eq(names_here(), "m");
    }
    ck_assert_uint_eq(failures, 3);
    counting_print_refused(failures, "replacing a file");
}
END_TEST

/* ---- Limits ------------------------------------------------------------------------------------------------------ */

static const char full[] = "a content that is longer than the disk, or what this process may write of it, has room for";

START_TEST(a_limit_of_size_is_an_error)
{
    const char *path = the_path();
    const struct rlimit limit = {.rlim_cur = 50, .rlim_max = RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    write_file(path, "old");
    open_memory();
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const ad_status status = save(path, full, 1);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    ck_assert_int_eq(status, AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, ": cannot be written: File too large; the old file is as it was"));
    ck_assert_str_eq(content_of(path), "old");
    ck_assert_str_eq(names_here(), "m");
    counting_check_released(&memory);
}
END_TEST

START_TEST(a_limit_of_open_files_is_an_error)
{
    const char *path = the_path();
    struct rlimit before;
    write_file(path, "old");
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int first = dup(0);
    ck_assert_int_ge(first, 0);
    for (int more = 0; more < 3; more++) {
        open_memory();
        const struct rlimit limit = {.rlim_cur = (rlim_t)(first + 1 + more), .rlim_max = before.rlim_max};
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        const ad_status status = save(path, "new", 0);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        ck_assert_int_eq(status, more < 2 ? AD_BAD_FILE : AD_OK);
        ck_assert(more == 2 || strstr(message, "Too many open files; the old file is as it was"));
        ck_assert_str_eq(names_here(), "m");
        counting_check_released(&memory);
    }
    close(first);
}
END_TEST

/* A file system of our own, in a name space of this process. */
static bool mount_small(const char *folder)
{
    enum { NEW_NAMES = 0x00020000, NEW_USER = 0x10000000 }; /* CLONE_NEWNS, CLONE_NEWUSER */
    if (syscall(SYS_unshare, NEW_NAMES) != 0 && syscall(SYS_unshare, NEW_USER | NEW_NAMES) != 0)
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mkdir(folder, 0777) == 0 &&
           mount("none", folder, "tmpfs", 0, "size=16k") == 0;
}

START_TEST(a_full_disk_and_a_read_only_one_are_errors)
{
    static char large[100000];
    char folder[4096], path[4096 + 8];
    snprintf(folder, sizeof folder, "%s", path_in_folder("small"));
    snprintf(path, sizeof path, "%s/m", folder);
    if (!mount_small(folder)) {
        printf("skipped: a full disk and a read-only one: nothing can be mounted here (%s)\n", strerror(errno));
        return;
    }
    memset(large, 'x', sizeof large - 1);
    open_memory();
    ck_assert_int_eq(save(path, "old", 0), AD_OK);
    ck_assert_int_eq(save(path, large, 1), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, ": cannot be written: No space left on device; the old file is as it was"));
    ck_assert_str_eq(names_in(folder), "m");
    ck_assert_str_eq(content_of(path), "old");
    ck_assert_int_eq(mount("none", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    ck_assert_int_eq(save(path, "new", 1), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, ": cannot be written: Read-only file system; the old file is as it was"));
    ck_assert_str_eq(content_of(path), "old");
    ck_assert_int_eq(umount(folder), 0);
    counting_check_released(&memory);
}
END_TEST

/* Root may write everywhere, so it is not asked. */
START_TEST(a_folder_without_permission_is_an_error)
{
    char folder[4096], path[4096 + 8];
    snprintf(folder, sizeof folder, "%s", path_in_folder("folder"));
    snprintf(path, sizeof path, "%s/m", folder);
    ck_assert_int_eq(mkdir(folder, 0777), 0);
    write_file(path, "old");
    ck_assert_int_eq(chmod(folder, 0555), 0);
    open_memory();
    if (geteuid() != 0) {
        ck_assert_int_eq(save(path, "new", 1), AD_BAD_FILE);
        ck_assert_ptr_nonnull(strstr(message, ": cannot be written: Permission denied; the old file is as it was"));
    }
    ck_assert_int_eq(chmod(folder, 0777), 0);
    ck_assert_str_eq(content_of(path), "old");
    remove(path);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_new_file_is_made);
    tcase_add_test(tests, a_file_is_replaced_and_keeps_its_permissions);
    tcase_add_test(tests, the_owner_stays_where_it_may);
    tcase_add_test(tests, until_the_end_the_old_file_is_there);
    tcase_add_test(tests, a_link_stays_and_its_file_is_replaced);
    tcase_add_test(tests, what_is_no_file_is_refused);
    tcase_add_test(tests, a_file_without_a_name_is_refused);
    tcase_add_test(tests, a_path_without_a_folder_is_here);
    tcase_add_test(tests, long_names_are_written);
    tcase_add_test(tests, what_a_killed_save_left_is_removed);
    tcase_add_test(tests, what_is_left_read_only_is_removed);
    tcase_add_test(tests, a_second_save_at_once_is_refused);
    tcase_add_test(tests, what_is_in_the_way_stays);
    tcase_add_test(tests, without_locks_a_file_is_saved);
    tcase_add_test(tests, a_file_that_is_taken_away_is_made_again);
    tcase_add_test(tests, saves_at_once_leave_whole_files);
    tcase_add_test(tests, the_files_before_are_kept);
    tcase_add_test(tests, what_is_no_file_is_not_moved);
    tcase_add_test(tests, a_file_is_not_kept_twice);
    tcase_add_test(tests, where_there_are_no_links_files_are_copied);
    tcase_add_loop_test(tests, whatever_fails_the_file_is_whole, 0, 18);
    tcase_add_test(tests, a_folder_that_is_not_flushed_is_an_error);
    tcase_add_test(tests, what_is_renamed_was_flushed);
    tcase_add_test(tests, signals_and_short_writes_do_no_harm);
    tcase_add_test(tests, without_memory_the_old_file_stays);
    tcase_add_test(tests, a_limit_of_size_is_an_error);
    tcase_add_test(tests, a_limit_of_open_files_is_an_error);
    tcase_add_test(tests, a_full_disk_and_a_read_only_one_are_errors);
    tcase_add_test(tests, a_folder_without_permission_is_an_error);
}

int main(void) { return run_in_folder("replace", add_tests); }
