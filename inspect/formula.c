/* A tensor as an infix formula of leaves. */
#include "formula.h"

#include <math.h>
#include <string.h>

#include "describe.h"
#include "lines.h"
#include "operators.h"

/* A formula has at most so many characters, and parts within parts so deep. WORK holds as many of four bytes. */
enum { MOST_CHARACTERS = 400, LEAST_SIZE = 8, MOST_DEPTH = 64, WORK = 2000, SHORT = 8, DIGITS = 6 };

/* An operator that is being written. */
typedef struct writing {
    ad_tensor y;
    const char *at; /* what is left of the pattern; NULL: NAME(operands) */
    int next;       /* operand of those */
    const char *end;
} writing;

typedef struct formula {
    ad_sink to;
    ad_ink ink;
    writing frames[MOST_DEPTH];
    int depth;
    unsigned char *uses; /* 0, 1, or 2 and more, of each entry up to y */
    size_t n;
} formula;

/* ---- What is used twice ------------------------------------------------------------------------------------------ */

static unsigned char *uses_of(const formula *f, ad_tensor x)
{
    const size_t i = ad_is_kept(x) ? SIZE_MAX : ad_number_of(x);
    return i < f->n ? &f->uses[i] : NULL;
}

static void count_uses(formula *f, ad_tape *t)
{
    memset(f->uses, 0, f->n);
    f->uses[f->n - 1] = 1;
    for (size_t i = f->n; i-- > 0;) {
        const ad_tensor y = ad_recorded_at(t, i);
        for (int k = ad_operand_count(y); f->uses[i] && k-- > 0;) {
            unsigned char *uses = uses_of(f, ad_operand(y, k));
            if (uses && *uses < 2)
                ++*uses;
        }
    }
}

/* Whether y is made of one or two leaves with short names. */
static bool is_short(const formula *f, ad_tensor y)
{
    char name[AD_NAME_TEXT];
    int characters = 0;
    for (int i = 0; i < ad_operand_count(y); i++) {
        const ad_tensor x = ad_operand(y, i);
        if (ad_operator_of(x) || i == 2)
            return false;
        characters += ad_characters_of(ad_name_text(f->ink, x, name));
    }
    return characters <= SHORT;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static void put_number(formula *f, double number) { ad_put_number(&f->to, number, DIGITS); }

/* A leaf, or what has no operands: its name, or its value if it is a number without one. */
static void put_leaf(formula *f, ad_tensor x, int level)
{
    ad_numbers value;
    const bool is_number = !ad_is_kept(x) && !*ad_name_of(x) && ad_size_of(x) == 1 && !ad_wants_gradient(x);
    if (!is_number || !ad_find_value(x, &value)) {
        ad_put_name(&f->to, f->ink, x, AD_NAME_IN_TEXT);
        return;
    }
    const double number = ad_element_of(value.data, value.type, 0);
    const bool is_closed = signbit(number) && level > AD_BINDS_SUM;
    ad_put(&f->to, is_closed ? "(" : "");
    put_number(f, number);
    ad_put(&f->to, is_closed ? ")" : "");
}

/* How tightly the formula of y binds. */
static int binding_of(ad_tensor y, const char *activation)
{
    const ad_operator_notes *notes = ad_notes_of(y);
    if (!notes->formula || *activation)
        return AD_BINDS_CALL;
    return notes->formula[0] == '#' && ad_attributes_of(y)->real < 0 ? AD_BINDS_SUM : notes->binds;
}

static void open_frame(formula *f, ad_tensor y, int level)
{
    const char *pattern = ad_notes_of(y)->formula;
    const char *activation = pattern ? ad_activation_name(ad_activation_of(y)) : ""; /* of a layer */
    const bool is_closed = binding_of(y, activation) < level || *activation;
    f->frames[f->depth++] = (writing){.y = y, .at = pattern, .end = is_closed ? ")" : ""};
    ad_put_text(&f->to, f->ink, pattern ? activation : ad_made_by(y), AD_NAME_IN_TEXT);
    ad_put(&f->to, is_closed || !pattern ? "(" : "");
}

/* Writes x, or begins to. */
static void begin(formula *f, ad_tensor x, int level)
{
    while (ad_is_made_by(x, "cast"))
        x = ad_operand(x, 0);
    const unsigned char *uses = uses_of(f, x);
    const bool is_shared = f->depth > 0 && uses && *uses > 1 && !is_short(f, x);
    if (ad_operand_count(x) == 0)
        put_leaf(f, x, level);
    else if (is_shared || f->depth == MOST_DEPTH)
        ad_put_name(&f->to, f->ink, x, AD_NAME_IN_TEXT);
    else
        open_frame(f, x, level);
}

/* Writes the next part of a list of operands. Returns whether it was the last. */
static bool put_next(formula *f, writing *frame)
{
    const ad_tensor y = frame->y;
    if (frame->next < ad_operand_count(y)) {
        ad_put(&f->to, frame->next ? ", " : "");
        begin(f, ad_operand(y, frame->next++), 0);
        return false;
    }
    ad_put(&f->to, ")");
    if (ad_operator_of(y)->n_results > 1)
        ad_put_format(&f->to, "[%d]", ad_result_number(y));
    return true;
}

/* Writes the next part of a pattern. Returns whether it was the last. */
static bool put_part(formula *f, writing *frame)
{
    const char *at = frame->at;
    if (!*at) {
        ad_put(&f->to, frame->end);
        return true;
    }
    frame->at += *at == '%' ? 3 : 1;
    if (*at == '%') {
        begin(f, ad_operand(frame->y, at[1] - '0'), at[2] - '0');
    } else if (*at == '#') {
        put_number(f, ad_attributes_of(frame->y)->real);
    } else if (*at == '~') {
        const double c = ad_attributes_of(frame->y)->real;
        ad_put(&f->to, signbit(c) ? " - " : " + ");
        put_number(f, fabs(c));
    } else {
        ad_put_bytes(&f->to, at, 1);
    }
    return false;
}

/* Copies the formula, or as much of it as there is room for. */
static void copy(const char *from, char *text, size_t size)
{
    const char *end = from, *cut = from;
    int n = 0;
    for (; *end && n < MOST_CHARACTERS && (size_t)(end - from) < size; n++) {
        ad_next_character(&end);
        if (n < MOST_CHARACTERS - 2 && (size_t)(end - from) + 2 < size)
            cut = end;
    }
    const bool is_whole = !*end && (size_t)(end - from) < size;
    const size_t bytes = (size_t)((is_whole ? end : cut) - from);
    memcpy(text, from, bytes);
    strcpy(text + bytes, is_whole ? "" : "..");
}

static void write_formula(formula *f, ad_tensor y, char *text, size_t size)
{
    char work[WORK];
    f->to = ad_sink_into(work, WORK);
    begin(f, y, 0);
    while (f->depth > 0 && f->to.room > 1) {
        const int top = f->depth - 1;
        writing *frame = &f->frames[top];
        if (frame->at ? put_part(f, frame) : put_next(f, frame))
            f->depth = top;
    }
    copy(work, text, size);
}

ad_shown ad_formula_in(ad_ink ink, ad_tensor y, char *text, size_t size)
{
    ad_sink sink = {.who = "formula"};
    if (!text || size < LEAST_SIZE)
        ad_sink_fail(&sink, AD_BAD_VALUE, "formula: the text %s: give an array of %d bytes or more",
                     text ? "is too short" : "is NULL", LEAST_SIZE);
    if (text && size > 0)
        text[0] = 0;
    if (!ad_sink_is_good(&sink) || !ad_sink_check_tensor(&sink, "the tensor", y))
        return sink.shown;
    const ad_allocator allocator = ad_allocator_of(y.tape);
    ad_memory memory = ad_memory_over(&allocator);
    formula f = {.ink = ink, .n = ad_is_kept(y) || ad_number_of(y) == SIZE_MAX ? 0 : ad_number_of(y) + 1};
    f.uses = ad_memory_take(&memory, f.n, 1);
    if (!f.uses) {
        ad_sink_fail(&sink, AD_NO_MEMORY, "formula: out of memory: %zu bytes to count what is used twice", f.n);
        return sink.shown;
    }
    if (f.n > 0)
        count_uses(&f, y.tape);
    write_formula(&f, y, text, size);
    ad_memory_release(&memory, f.uses, f.n, 1);
    return sink.shown;
}

ad_shown ad_formula(ad_tensor y, char *text, size_t size) { return ad_formula_in(ad_ink_of_locale(), y, text, size); }
