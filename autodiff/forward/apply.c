/* Applying one operator: check, append, compute. */
#include "apply.h"
#include "../tape/opaque.h"
#include "../reverse/position.h"
#include "finite.h"
#include "../tape/versions.h"
#include "../kernels/broadcast.h"

#include <inttypes.h>
#include <string.h>

enum { FEW_OPERANDS = 8 };

/* A call, and what the engine must know beside it. */
typedef struct frame {
    ad_call call;
    const uint32_t *x_ids;
    uint32_t y_ids[AD_MAX_RESULTS];
    ad_value *y[AD_MAX_RESULTS];
    ad_storage *scratch;
} frame;

static inline void begin_frame(frame *f, ad_tape *t, const ad_operator *op, const ad_attribute *attributes, int n_x,
                               int n_y, ad_value *const *x)
{
    f->call = (ad_call){t, op, attributes, n_x, n_y, x, f->y, f};
    f->x_ids = NULL;
    f->scratch = NULL;
    /* Apart these are a few vectors each; a whole frame would be cleared by a loop that takes as long as a kernel. */
    memset(f->y_ids, 0, sizeof f->y_ids);
    memset(f->y, 0, sizeof f->y);
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static ad_attribute_kind last_attribute(const ad_operator *op)
{
    int n = 0;
    while (n < AD_MAX_ATTRIBUTES && op->attributes[n].kind != AD_ATTRIBUTE_NONE)
        n++;
    return n ? op->attributes[n - 1].kind : AD_ATTRIBUTE_NONE;
}

static bool has_gap(const ad_operator *op)
{
    for (int a = 1; a < AD_MAX_ATTRIBUTES; a++)
        if (op->attributes[a].kind != AD_ATTRIBUTE_NONE && op->attributes[a - 1].kind == AD_ATTRIBUTE_NONE)
            return true;
    return false;
}

/* What is wrong with its numbers and lists, before anything is counted by them. */
static const char *what_is_odd(const ad_operator *op)
{
    if (op->arity < 0 && op->arity != AD_VARIADIC)
        return "a negative arity that is not AD_VARIADIC";
    if (op->n_results < 0 || op->n_byproducts < 0)
        return "a negative number of results or by-products";
    if (op->n_results > AD_MAX_RESULTS || op->n_byproducts > AD_MAX_RESULTS ||
        ad_result_count(op) + op->n_byproducts > AD_MAX_RESULTS)
        return "too many results and by-products";
    if (has_gap(op))
        return "a gap in its attributes: those without a kind must be the last";
    return NULL;
}

static const char *what_misses(const ad_operator *op)
{
    if (!op->name)
        return "no name";
    const char *odd = what_is_odd(op);
    if (odd)
        return odd;
    if (!op->shape)
        return "no shape rule";
    if (!op->run && !(op->properties & AD_VIEW))
        return "no kernel (run), and is not a view";
    if (!op->run && ad_result_count(op) + op->n_byproducts > 1)
        return "no kernel (run) for its other results: a view is result 0 alone";
    if (!op->vjp && !op->backward && !(op->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS)))
        return "no gradient rule (vjp or backward), and is not marked AD_NOT_DIFFERENTIABLE";
    if (op->vjp && op->backward)
        return "both a gradient rule (vjp) and a numeric one (backward): one of them is enough";
    if (op->backward && (op->arity == AD_VARIADIC || op->arity > AD_MAX_RESULTS))
        return "a numeric gradient (backward), which is for 1 to 8 operands, and takes more";
    if (op->properties & AD_RANDOM && last_attribute(op) != AD_ATTRIBUTE_INTEGER)
        return "AD_RANDOM, and no integer as its last attribute: the number of the draw";
    if (op->properties & AD_SHARES_TIES && op->arity != 2 && op->attributes[0].kind != AD_ATTRIBUTE_AXES)
        return "AD_SHARES_TIES, and neither two operands nor axes as its first attribute";
    return NULL;
}

static bool check_descriptor(ad_tape *t, const ad_operator *op, int n, const ad_attribute *attributes)
{
    const char *missing = op ? what_misses(op) : "no descriptor";
    if (missing)
        ad_fail(t, AD_BAD_VALUE, "%s: the operator has %s", op && op->name ? op->name : "apply", missing);
    else if (op->attributes[0].kind != AD_ATTRIBUTE_NONE && !attributes)
        ad_fail(t, AD_BAD_VALUE, "%s: its attributes are NULL: it has some, %s first", op->name,
                op->attributes[0].name ? op->attributes[0].name : "one without a name");
    else if (op->arity == AD_VARIADIC ? n < 1 : n != op->arity)
        ad_fail(t, AD_BAD_VALUE, "%s: %d operands are given, it takes %s%d", op->name, n,
                op->arity == AD_VARIADIC ? "at least " : "", op->arity == AD_VARIADIC ? 1 : op->arity);
    else
        return true;
    return false;
}

static void fail_type(ad_call *c, int i, const char *fix)
{
    char text[AD_OPERAND_TEXT];
    ad_call_fail(c, AD_BAD_TYPE, "operand %d, %s, is %s: %s", i, ad_operand_text(c, i, text),
                 ad_type_name((ad_type)c->x[i]->type), fix);
}

static bool check_types(ad_call *c)
{
    int real = -1;
    const char *letters = c->op->types && *c->op->types ? c->op->types : "r";
    for (int i = 0; i < c->n_x; i++, letters += letters[1] != 0) {
        const char letter = *letters;
        const uint8_t type = c->x[i]->type;
        if (letter == 'i' && type != AD_I32) {
            fail_type(c, i, "it must be i32");
        } else if (letter == 'r' && type == AD_I32) {
            fail_type(c, i, "it must be f32 or f64; convert it with ad_cast");
        } else if (letter == 'r' && real >= 0 && type != c->x[real]->type) {
            char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
            ad_call_fail(c, AD_BAD_TYPE, "types differ: %s is %s, %s is %s; convert one with ad_cast",
                         ad_operand_text(c, real, a), ad_type_name((ad_type)c->x[real]->type), ad_operand_text(c, i, b),
                         ad_type_name((ad_type)type));
        } else if (letter != 'r' && letter != 'i' && letter != '*') {
            ad_call_fail(c, AD_BAD_VALUE, "the operator has the letter '%c' in its types: it must be r, i or *",
                         letter);
        } else {
            real = letter == 'r' && real < 0 ? i : real;
            continue;
        }
        return false;
    }
    return true;
}

/* ---- Operands and results ---------------------------------------------------------------------------------------- */

/* Finds operand i. What is not recorded enters a recording as a constant. */
static bool resolve(ad_tape *t, const ad_operator *op, ad_tensor x, int i, uint32_t *id)
{
    ad_entry *e = ad_entry_of(t, x);
    if (!e) {
        ad_fail_handle(t, x, op->name, i);
        return false;
    }
    if (t->recording && ad_table_of(x) == AD_TEMPORARY)
        x = ad_enter_gradient(t, e);
    *id = x.id;
    return x.id != 0;
}

/* Whether the shape is an operand's, and so was checked for a type that takes as much room. */
static bool is_of_operand(const ad_call *c, const ad_shape *shape, ad_type type)
{
    for (int i = 0; i < c->n_x; i++)
        if (c->x[i]->shape == shape)
            return ad_bytes_of(c->x[i]->type) >= ad_bytes_of((uint8_t)type);
    return false;
}

static bool check_view(ad_call *c, ad_type type, const ad_shape *shape)
{
    if (c->n_x > 0 && ad_check_shape(c->tape, c->op->name, shape, ad_type_bytes(type)) &&
        type == (ad_type)c->x[0]->type && ad_count_of(shape) == ad_elements(c->x[0]))
        return true;
    ad_call_fail(c, AD_BAD_STATE,
                 "its shape rule gives a view that has not the type and as many elements as operand 0");
    return false;
}

static bool furnish_result(frame *f, uint32_t id, ad_type type, const ad_shape *shape, int j)
{
    ad_call *c = &f->call;
    if (j == 0 && c->op->properties & AD_VIEW)
        return check_view(c, type, shape) && ad_furnish_shared(c->tape, id, type, shape, f->x_ids[0]);
    if (is_of_operand(c, shape, type)) /* which lives as long if the call is recorded: the shape is shared */
        return c->tape->recording && shape->rank ? ad_furnish_like(c->tape, id, type, shape)
                                                 : ad_furnish(c->tape, id, type, shape);
    return ad_check_shape(c->tape, c->op->name, shape, ad_bytes_of((uint8_t)type)) &&
           ad_furnish(c->tape, id, type, shape);
}

void ad_result(ad_call *c, int j, ad_type type, const ad_shape *shape)
{
    frame *f = c->frame;
    if (c->tape->status != AD_OK)
        return;
    if (!shape || j < 0 || j >= c->n_y || (j && !f->y_ids[j - 1]) || f->y_ids[j] || (unsigned)type >= AD_TYPE_COUNT) {
        ad_call_fail(c, AD_BAD_STATE,
                     "its shape rule gives result %d of type %d%s: it must give 0 to %d, once each, in order", j,
                     (int)type, shape ? "" : " and no shape", c->n_y - 1);
        return;
    }
    uint32_t id = ad_append(c->tape, c->tape->recording ? AD_STEP : AD_TEMPORARY);
    if (id && furnish_result(f, id, type, shape, j)) {
        f->y_ids[j] = id;
        f->y[j] = &ad_entry_at(c->tape, id)->value;
    }
}

void *ad_scratch(ad_call *c, size_t count, size_t element_bytes)
{
    frame *f = c->frame;
    size_t bytes;
    ad_storage *storage = ad_multiply(count, element_bytes, &bytes) ? ad_pool_take(&c->tape->pool, bytes) : NULL;
    if (!storage) {
        ad_call_fail(c, AD_NO_MEMORY, "memory is out for %zu bytes of scratch", bytes);
        return NULL;
    }
    storage->next = f->scratch;
    f->scratch = storage;
    return ad_storage_data(storage);
}

static void drop_scratch(frame *f)
{
    for (ad_storage *s = f->scratch, *next; s; s = next) {
        next = s->next;
        ad_pool_drop(&f->call.tape->pool, s);
    }
}

/* ---- Recording --------------------------------------------------------------------------------------------------- */

static bool any_wants(const ad_call *c)
{
    unsigned flags = 0;
    for (int i = 0; i < c->n_x; i++)
        flags |= c->x[i]->flags;
    return flags & AD_WANTS_GRADIENT;
}

/* Of a call's attributes. The last takes no more room than its kind needs: most have one, and that is a number. */
static size_t attribute_bytes(const ad_operator *op)
{
    size_t n = 0;
    while (n < AD_MAX_ATTRIBUTES && op->attributes[n].kind != AD_ATTRIBUTE_NONE)
        n++;
    if (n == 0)
        return 0;
    const ad_attribute_kind last = op->attributes[n - 1].kind;
    const bool is_number = last == AD_ATTRIBUTE_REAL || last == AD_ATTRIBUTE_INTEGER || last == AD_ATTRIBUTE_TYPE;
    return (n - 1) * sizeof(ad_attribute) + (is_number ? sizeof(int64_t) : sizeof(ad_attribute));
}

/* A copy in the arena of the step; NULL for nothing, or if there is no memory. */
static const void *copy_to_step(ad_tape *t, const void *from, size_t bytes)
{
    void *copy = bytes ? ad_arena_take(&t->step, bytes) : NULL;
    return copy ? memcpy(copy, from, bytes) : NULL;
}

/* What does not fit into an entry: more than two operands, and attributes. All results share it. */
static bool record_extra(frame *f, ad_extra *shared)
{
    ad_call *c = &f->call;
    const size_t n_x = c->n_x > 2 ? (size_t)c->n_x : 0, attributes = attribute_bytes(c->op);
    shared->operands = copy_to_step(c->tape, f->x_ids, n_x * sizeof *f->x_ids);
    shared->attributes = copy_to_step(c->tape, c->attributes, attributes);
    if ((!n_x || shared->operands) && (!attributes || shared->attributes))
        return true;
    ad_fail_memory(c->tape, c->op->name);
    return false;
}

static bool record_result(frame *f, int j, const ad_extra *shared, bool wants)
{
    ad_call *c = &f->call;
    ad_entry *e = ad_entry_at(c->tape, f->y_ids[j]);
    if (shared->operands || shared->attributes) {
        ad_extra *extra = ad_extra_of(c->tape, f->y_ids[j]);
        if (!extra)
            return false;
        extra->operands = shared->operands;
        extra->attributes = shared->attributes;
    }
    e->op = c->op;
    e->value.result = (uint8_t)j;
    e->value.n_results = (uint8_t)c->n_y;
    e->value.n_operands = (uint32_t)c->n_x;
    for (int i = 0; i < c->n_x && i < 2; i++)
        e->u.operands[i] = f->x_ids[i];
    if (j < ad_result_count(c->op) && wants && e->value.type != AD_I32)
        e->value.flags |= AD_WANTS_GRADIENT;
    return true;
}

static bool record(frame *f)
{
    ad_extra shared = {0};
    if (!record_extra(f, &shared))
        return false;
    bool wants = any_wants(&f->call) && !(f->call.op->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS));
    for (int j = 0; j < f->call.n_y; j++)
        if (!record_result(f, j, &shared, wants))
            return false;
    return true;
}

/* ---- Rank 0, quickly --------------------------------------------------------------------------------------------- *
 * A call on scalars has no shape to find, and what it needs to remember lies in an entry alone. Whatever is not that
 * plain takes the way for everything, which also finds the words for what is wrong. */

/* What is known of a call while its operands are taken. The span that its loop gets stands beside it: a struct whose
 * address is given away is kept in memory. Only what a loop over one element reads is set there. */
typedef struct scalar_call {
    bool recording;
    uint32_t end;  /* the first id of a table that operands cannot be from */
    uint8_t type;  /* of all operands */
    uint8_t flags; /* of any operand */
} scalar_call;

static inline bool may_be_scalar(const ad_tape *t, const ad_operator *op, int n, const ad_attribute *attributes)
{
    return t && t->status == AD_OK && !t->tracing && !(t->n_changes && t->rule) && op &&
           op->properties & AD_ELEMENTWISE && op->run == ad_map && op->shape == ad_broadcast_shape && n == op->arity &&
           (attributes || op->attributes[0].kind == AD_ATTRIBUTE_NONE) &&
           (t->recording ? n <= 2 && !attributes : n < AD_SPAN_ARRAYS);
}

static inline scalar_call begin_scalar(bool recording)
{
    return (scalar_call){recording, (uint32_t)(recording ? AD_TEMPORARY : AD_TABLES) << AD_INDEX_BITS, AD_I32, 0};
}

/* Takes x as operand i, if it can be one as it is. */
static inline bool take_scalar(scalar_call *c, ad_span *span, const ad_tape *t, ad_tensor x, int i)
{
    if (x.tape != t || x.id - 1 >= c->end - 1 || x.id >= t->ends[x.id >> AD_INDEX_BITS])
        return false;
    const ad_entry *e = ad_entry_at(t, x.id);
    if (e->generation != x.generation || e->value.shape != &ad_scalar_shape_value ||
        (i ? e->value.type != c->type : e->value.type == AD_I32))
        return false;
    c->type = e->value.type;
    c->flags |= e->value.flags;
    span->array[i + 1] = e->value.data;
    span->step[i + 1] = 0;
    return true;
}

/* Runs the row's own loop on the numbers in the entries; inert if there is no memory. a and b are the ids of the first
 * operands of n. */
static inline ad_tensor run_scalar(const scalar_call *c, ad_span *span, ad_tape *t, const ad_operator *op, int n,
                                   const ad_attribute *attributes, uint32_t a, uint32_t b)
{
    const uint32_t id = ad_append(t, c->recording ? AD_STEP : AD_TEMPORARY);
    if (!id)
        return ad_inert(t);
    ad_entry *e = ad_entry_at(t, id);
    ad_furnish_scalar(e, c->type);
    span->array[0] = &e->scalar;
    span->n = 1;
    span->constant = attributes ? attributes[0].real : 0;
    if (c->recording) {
        e->op = op;
        e->value.n_results = 1;
        e->value.n_operands = (uint32_t)n;
        e->value.flags = c->flags & AD_WANTS_GRADIENT;
        e->u.operands[0] = a;
        e->u.operands[1] = b;
    }
    op->loops->of[c->type][AD_BASELINE](span); /* of one element a loop without vectors is the fastest */
    return (ad_tensor){.tape = t, .id = id, .generation = e->generation};
}

/* Says false, having done nothing, for whatever is not that plain. */
static bool apply_to_scalars(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n,
                             const ad_attribute *attributes, ad_tensor *y)
{
    if (!may_be_scalar(t, op, n, attributes))
        return false;
    scalar_call c = begin_scalar(t->recording);
    ad_span span;
    for (int i = 0; i < n; i++)
        if (!take_scalar(&c, &span, t, x[i], i))
            return false;
    const ad_tensor made = run_scalar(&c, &span, t, op, n, attributes, x[0].id, n > 1 ? x[1].id : 0);
    if (ad_is_inert(made))
        return false;
    *y = made;
    return true;
}

/* ---- Applying ---------------------------------------------------------------------------------------------------- */

/* Runs a part of the descriptor, its shape rule or its kernel; `before` is the mark of where the tape is. */
static inline void run_part(ad_call *c, void (*part)(ad_call *call), const char *name, const ad_mark *before)
{
    ad_tape *t = c->tape;
    const uint32_t floor = t->floor, marked = t->marked;
    t->parts++;
    t->floor = t->marked = before->entries;
    t->runner = ++t->runners;
    part(c);
    t->parts--;
    t->floor = floor;
    t->marked = marked;
    t->runner = before->runner;
    if (t->recording != before->recording || t->walking != before->walking) {
        ad_call_fail(c, AD_BAD_STATE, "its %s took a mark (ad_mark_now) and did not go back to it (ad_rewind)", name);
        ad_go_back(t, before);
    }
}

/* The recording gets the results and nothing else: their ids follow each other. */
static bool run_shape_rule(ad_call *c)
{
    const frame *f = c->frame;
    const ad_tape *t = c->tape;
    const uint32_t generation = t->generation;
    const ad_mark before = ad_mark_here(t);
    run_part(c, c->op->shape, "shape rule", &before);
    const uint32_t n = t->recording ? (uint32_t)c->n_y : 0;
    if (t->status == AD_OK && !f->y_ids[c->n_y - 1])
        ad_call_fail(c, AD_BAD_STATE, "its shape rule gives too few of its %d results", c->n_y);
    else if (t->ends[AD_STEP] != before.entries + n || t->generation != generation)
        ad_call_fail(c, AD_BAD_STATE, "its shape rule records or goes back to a mark: leave that to its kernel (run)");
    return t->status == AD_OK;
}

/* What the kernel records is its own affair: what it leaves of that is no part of the recording. */
static void run_kernel(ad_call *c)
{
    const ad_mark before = ad_mark_here(c->tape);
    run_part(c, c->op->run, "kernel", &before);
    if (c->tape->ends[AD_STEP] != before.entries)
        ad_drop_since(c->tape, &before);
}

static bool run(frame *f)
{
    ad_call *c = &f->call;
    if (c->op->run)
        run_kernel(c);
    drop_scratch(f);
    if (c->tape->tracing && c->tape->status == AD_OK)
        ad_trace_results(c);
    return c->tape->status == AD_OK;
}

static bool execute(frame *f)
{
    ad_call *c = &f->call;
    return check_types(c) && run_shape_rule(c) && run(f) && (!c->tape->recording || record(f));
}

static bool apply_to(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
                     uint32_t *ids, ad_value **values, ad_tensor *y)
{
    for (int i = 0; i < n; i++) {
        if (!resolve(t, op, x[i], i, &ids[i]) || !ad_may_read(t, ids[i]))
            return false;
        values[i] = &ad_entry_at(t, ids[i])->value;
    }
    frame f;
    begin_frame(&f, t, op, attributes, n, ad_result_count(op) + op->n_byproducts, values);
    f.x_ids = ids;
    if (!execute(&f))
        return false;
    for (int j = 0; j < ad_result_count(op); j++)
        y[j] = ad_handle(t, f.y_ids[j]);
    return true;
}

/* The same with room for many operands. */
static bool apply_to_many(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
                          ad_tensor *y)
{
    ad_storage *room = ad_pool_take(&t->pool, (size_t)n * (sizeof(ad_value *) + sizeof(uint32_t)));
    if (!room) {
        ad_fail_memory(t, op->name);
        return false;
    }
    ad_value **values = ad_storage_data(room);
    bool done = apply_to(t, op, x, n, attributes, (uint32_t *)(values + n), values, y);
    ad_pool_drop(&t->pool, room);
    return done;
}

static ad_tape *tape_among(ad_tape *tape, const ad_tensor *x, int n)
{
    for (int i = 0; !tape && i < n; i++)
        tape = x[i].tape;
    return tape;
}

/* Operands of two tapes put both in error, also where one is in error already. */
static void fail_other_tapes(const ad_tape *t, const ad_operator *op, const ad_tensor *x, int n)
{
    for (int i = 0; i < n; i++)
        if (x[i].tape != t && x[i].tape && x[i].id && x[i].tape->status == AD_OK)
            ad_fail_handle(x[i].tape, x[0], op && op->name ? op->name : "apply", 0);
}

/* Gives no result before it has read all operands: y may be x. */
static bool try_to_apply(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
                         ad_tensor *y)
{
    if (t && t->status != AD_OK)
        fail_other_tapes(t, op, x, n);
    if (!t || t->status != AD_OK)
        return false;
    if (apply_to_scalars(t, op, x, n, attributes, y))
        return true;
    if (!check_descriptor(t, op, n, attributes))
        return false;
    uint32_t before = t->ends[AD_STEP], ids[FEW_OPERANDS];
    const uint32_t pins = t->pins;
    ad_arena_mark mark = ad_arena_now(&t->step);
    ad_value *values[FEW_OPERANDS];
    bool done = n <= FEW_OPERANDS ? apply_to(t, op, x, n, attributes, ids, values, y)
                                  : apply_to_many(t, op, x, n, attributes, y);
    if (!done)
        ad_drop_from(t, before, mark, pins);
    return done;
}

void ad_apply(ad_tape *tape, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
              ad_tensor *y)
{
    const bool no_operands = n > 0 && !x;
    ad_tape *t = n > 0 && x ? tape_among(NULL, x, n) : tape;
    if (!y || no_operands)
        ad_fail(t, AD_BAD_VALUE, "%s: the %s NULL", op && op->name ? op->name : "apply",
                no_operands ? "operands are" : "room for results is");
    else if (try_to_apply(t, op, x, n, attributes, y))
        return;
    for (int j = 0; y && j < AD_MAX_RESULTS && (j == 0 || (op && j < ad_result_count(op))); j++)
        y[j] = ad_inert(t);
}

/* The way for everything. */
AD_APART static ad_tensor apply_few(const ad_operator *op, ad_tensor a, ad_tensor b, int n)
{
    const ad_tensor x[] = {a, b};
    ad_tensor y[AD_MAX_RESULTS];
    y[0] = ad_inert(a.tape);
    ad_apply(a.tape, op, x, n, NULL, y);
    return y[0];
}

/* What is recorded and what is not are compiled apart: this is the shortest way there is. */
static inline ad_tensor apply_two(const ad_operator *op, ad_tensor a, ad_tensor b, bool recording)
{
    ad_tape *t = a.tape;
    scalar_call c = begin_scalar(recording);
    ad_span span;
    if (take_scalar(&c, &span, t, a, 0) && take_scalar(&c, &span, t, b, 1))
        return run_scalar(&c, &span, t, op, 2, NULL, a.id, b.id);
    return apply_few(op, a, b, 2);
}

static inline ad_tensor apply_one(const ad_operator *op, ad_tensor x, bool recording)
{
    scalar_call c = begin_scalar(recording);
    ad_span span;
    if (take_scalar(&c, &span, x.tape, x, 0))
        return run_scalar(&c, &span, x.tape, op, 1, NULL, x.id, 0);
    return apply_few(op, x, ad_inert(NULL), 1);
}

ad_tensor ad_apply1(const ad_operator *op, ad_tensor x)
{
    if (!may_be_scalar(x.tape, op, 1, NULL))
        return apply_few(op, x, ad_inert(NULL), 1);
    return x.tape->recording ? apply_one(op, x, true) : apply_one(op, x, false);
}

ad_tensor ad_apply2(const ad_operator *op, ad_tensor a, ad_tensor b)
{
    if (!may_be_scalar(a.tape, op, 2, NULL))
        return apply_few(op, a, b, 2);
    return a.tape->recording ? apply_two(op, a, b, true) : apply_two(op, a, b, false);
}

/* ---- Again ------------------------------------------------------------------------------------------------------- */

/* A scalar lies in its entry, so a view of one is a copy. */
static void copy_scalar_view(ad_tape *t, ad_entry *e)
{
    const ad_entry *x = ad_entry_at(t, ad_operands_of(e)[0]);
    if (e->value.data != x->value.data && ad_elements(&e->value) == 1)
        memcpy(e->value.data, x->value.data, ad_type_bytes((ad_type)e->value.type));
}

static bool run_call_again(ad_tape *t, uint32_t id, ad_value **values)
{
    ad_entry *e = ad_entry_at(t, id);
    frame f;
    begin_frame(&f, t, e->op, e->extra ? e->extra->attributes : NULL, (int)e->value.n_operands, e->value.n_results,
                values);
    for (int i = 0; i < f.call.n_x; i++)
        values[i] = &ad_entry_at(t, ad_operands_of(e)[i])->value;
    for (int j = 0; j < f.call.n_y; j++)
        f.y[j] = &ad_entry_at(t, id + (uint32_t)j)->value;
    return run(&f);
}

bool ad_run_again(ad_tape *t, uint32_t id)
{
    ad_entry *e = ad_entry_at(t, id);
    ad_value *few[FEW_OPERANDS];
    if (e->op->properties & AD_VIEW)
        copy_scalar_view(t, e);
    if (!e->op->run)
        return true;
    if (e->value.n_operands <= FEW_OPERANDS)
        return run_call_again(t, id, few);
    ad_storage *room = ad_pool_take(&t->pool, e->value.n_operands * sizeof(ad_value *));
    if (!room) {
        ad_fail_memory(t, e->op->name);
        return false;
    }
    const bool done = run_call_again(t, id, ad_storage_data(room));
    ad_pool_drop(&t->pool, room);
    return done;
}
