/* Help, from the tables of verbs and options. */
#include "help.h"

#include <string.h>

#include <gradtape/version.h>

#include "../nn/options/fields.h"

enum { COLUMNS = 80, INDENT = 2, MEANING_AT = 26, MOST_CHOICES = 240, MOST_TEXT = 1200 };

/* ---- Texts of an option ------------------------------------------------------------------------------------------ */

const char *cli_standard_text(const cli_option *option, char *text, size_t size)
{
    const nn_field *field = cli_field_of(option);
    nn_writer w = nn_writer_into(text, size);
    if (option->standard)
        nn_put(&w, option->standard);
    if (option->standard || !field || !option->argument)
        return text;
    char line[MOST_CHOICES];
    nn_fields_print((nn_fields){field, 1}, &cli_no_options, line, sizeof line);
    const char *value = strchr(line, '=');
    nn_put(&w, value ? value + 1 : "");
    return text;
}

const char *cli_choices_text(const cli_option *option, const char *between, char *text, size_t size)
{
    const nn_field *field = cli_field_of(option);
    const bool has_names = field && (field->type == NN_FIELD_CHOICE || field->type == NN_FIELD_ROW);
    nn_writer w = nn_writer_into(text, size);
    const char *name;
    for (int i = 0; has_names && (name = nn_field_choice(i, field)) != NULL; i++)
        if (*name) {
            nn_put(&w, w.n ? between : "");
            nn_put(&w, name);
        }
    if (w.n > MOST_CHOICES || w.n >= size)
        *text = 0;
    return text;
}

/* Whether a text has each of the names, separated by '|'. */
static bool has_each(const char *text, const char *names)
{
    while (*names) {
        char name[80];
        const size_t n = strcspn(names, "|");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        if (!strstr(text, name))
            return false;
        names += n + (names[n] == '|');
    }
    return true;
}

const char *cli_meaning_text(const cli_option *option, char *text, size_t size)
{
    char choices[MOST_CHOICES + 1], standard[MOST_CHOICES];
    nn_writer w = nn_writer_into(text, size);
    nn_put(&w, option->meaning);
    if (!has_each(option->meaning, cli_choices_text(option, "|", choices, sizeof choices))) {
        nn_put(&w, "; one of ");
        nn_put(&w, cli_choices_text(option, ", ", choices, sizeof choices));
    }
    if (*cli_standard_text(option, standard, sizeof standard)) {
        nn_put(&w, " (default: ");
        nn_put(&w, standard);
        nn_put(&w, ")");
    }
    return text;
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

size_t cli_piece_of_command(const char *text)
{
    const char *next = strstr(text, " --");
    return next ? (size_t)(next - text) : strlen(text);
}

/* Prints a text, broken between words, from column `at`, where the line stands, to the last one. Other lines begin at
 * `indent`. `end` stands at the end of a line that goes on; it is not "" for a command line. */
static void print_broken(FILE *to, const char *text, int at, int indent, const char *end)
{
    for (bool is_first = true; *text; is_first = false) {
        const int n = (int)(*end ? cli_piece_of_command(text) : strcspn(text, " "));
        if (!is_first && at + 1 + n + (int)strlen(end) > COLUMNS) {
            fprintf(to, "%s\n%*s", end, indent, "");
            at = indent;
        } else if (!is_first) {
            fputc(' ', to);
            at++;
        }
        fwrite(text, 1, (size_t)n, to);
        at += n;
        text += n + (text[n] == ' ');
    }
    fputc('\n', to);
}

/* Prints a name, and what it means beside it, or below it if the name is long. */
static void print_pair(FILE *to, const char *name, const char *meaning, int meaning_at)
{
    int at = fprintf(to, "%*s%s", INDENT, "", name);
    if (at + 2 > meaning_at) {
        fputc('\n', to);
        at = 0;
    }
    fprintf(to, "%*s", meaning_at - at, "");
    print_broken(to, meaning, meaning_at, meaning_at, "");
}

/* ---- Help -------------------------------------------------------------------------------------------------------- */

static void print_option(FILE *to, const cli_option *o)
{
    char name[80], meaning[MOST_TEXT];
    snprintf(name, sizeof name, "--%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    print_pair(to, name, cli_meaning_text(o, meaning, sizeof meaning), MEANING_AT);
}

static void print_options(FILE *to, cli_verb verb)
{
    const char *group = "";
    for (int i = 0; i < cli_option_count; i++) {
        const cli_option *o = &cli_options[i];
        if (!(o->verbs & 1u << verb))
            continue;
        if (strcmp(group, o->group) != 0)
            fprintf(to, "\n%s\n", o->group);
        group = o->group;
        print_option(to, o);
    }
}

/* A sentence of a text that is none: its first letter is large, and a full stop ends it. */
static void print_sentence(FILE *to, const char *text)
{
    char sentence[MOST_TEXT];
    snprintf(sentence, sizeof sentence, "%s.", text);
    if (*sentence >= 'a' && *sentence <= 'z')
        *sentence = (char)(*sentence - 'a' + 'A');
    print_broken(to, sentence, 0, 0, "");
}

void cli_print_help(cli_verb verb, FILE *to)
{
    const cli_verb_row *row = &cli_verbs[verb];
    fprintf(to, "Usage: gradtape %s [OPTION]...\n\n", row->name);
    print_sentence(to, row->meaning);
    print_broken(to, row->about, 0, 0, "");
    fputs("\nExamples\n", to);
    for (size_t i = 0; i < sizeof row->examples / sizeof *row->examples && row->examples[i]; i++) {
        fprintf(to, "%*s", INDENT, "");
        print_broken(to, row->examples[i], INDENT, 3 * INDENT, " \\");
    }
    print_options(to, verb);
}

void cli_print_all_help(FILE *to)
{
    fprintf(to, "gradtape %s: trains networks on tables and images, and uses them\n\n", ad_version());
    fputs("Usage: gradtape VERB [OPTION]...\n\nVerbs\n", to);
    for (int i = 0; i < CLI_VERBS; i++)
        print_pair(to, cli_verbs[i].name, cli_verbs[i].meaning, 18);
    fputs("\ngradtape VERB --help has examples and the options of a verb; gradtape --version\n"
          "prints the version. To begin with:\n\n",
          to);
    for (int i = 0; i < CLI_VERBS; i++)
        if (i == CLI_INFO || i == CLI_TRAIN || i == CLI_EVALUATE || i == CLI_PREDICT) {
            fprintf(to, "%*s", INDENT, "");
            print_broken(to, cli_verbs[i].examples[0], INDENT, 3 * INDENT, " \\");
        }
}
