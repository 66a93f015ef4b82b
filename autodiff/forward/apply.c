/* Applying an operator: check, find operands, shape, run, record. */
#include <stdio.h>
#include <string.h>

#include "../tape/handles.h"
#include "../tape/names.h"
#include "../tape/opaque.h"
#include "../tape/reset.h"
#include "../tape/status.h"
#include "../tape/versions.h"
#include "call.h"
#include "check.h"
#include "rows.h"
#include "scalars.h"

/* ---- Types of operands ------------------------------------------------------------------------------------------- */

static bool must_agree(char letter) { return letter == 'r' || letter == 's'; }

static void fail_type(ad_call *c, int i, const char *fix)
{
    char text[AD_OPERAND_TEXT];
    ad_call_fail(c, AD_BAD_TYPE, "operand %d, %s, is %s: %s", i, ad_operand_text(c, i, text),
                 ad_type_name((ad_type)c->x[i]->type), fix);
}

/* Of a list the second operand is named with its number, since lists are long. */
static void fail_types(ad_call *c, int i, int j)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT], number[32] = "";
    if (c->op->arity == AD_VARIADIC)
        snprintf(number, sizeof number, "operand %d, ", j);
    ad_call_fail(c, AD_BAD_TYPE, "types differ: %s is %s, %s%s%s is %s; convert one with ad_cast",
                 ad_operand_text(c, i, a), ad_type_name((ad_type)c->x[i]->type), number, ad_operand_text(c, j, b),
                 *number ? "," : "", ad_type_name((ad_type)c->x[j]->type));
}

static bool apply(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
                  ad_tensor *y);

/* Puts a cast of an operand into its place. */
static bool cast_operand(ad_tape *t, uint32_t *id, ad_value **value, ad_type type)
{
    const ad_tensor x = ad_handle(t, *id);
    ad_tensor y;
    if (!apply(t, &ad_operator_cast, &x, 1, &(ad_attribute){.integer = (int64_t)type}, &y))
        return false;
    *id = y.id;
    *value = &ad_entry_at(t, y.id)->value;
    return true;
}

/* Operands that must be of one type are not. Scalars that take the type of what they meet are cast to that of the
 * others, if these agree. The casts are recorded, so that a replay and derivatives know them. */
AD_NOINLINE static bool agree_on_type(ad_call *c, uint32_t *ids, ad_value **values)
{
    int given = -1; /* the first operand whose type was chosen */
    for (int i = 0; i < c->n_x; i++) {
        if (!must_agree(ad_letter_of(c->op, i)) || ad_takes_type(ad_entry_at(c->tape, ids[i])))
            continue;
        given = given < 0 ? i : given;
        if (c->x[i]->type != c->x[given]->type) {
            fail_types(c, given, i);
            return false;
        }
    }
    for (int i = 0; i < c->n_x; i++) {
        const uint8_t type = c->x[given]->type;
        if (!must_agree(ad_letter_of(c->op, i)) || c->x[i]->type == type)
            continue;
        if (type == AD_I32)
            fail_types(c, given < i ? given : i, given < i ? i : given);
        if (type == AD_I32 || !cast_operand(c->tape, &ids[i], &values[i], (ad_type)type))
            return false;
    }
    return true;
}

/* Whether all operands are of one type that is not i32, which is all that most operators ask. */
static bool are_of_one_real_type(const ad_call *c)
{
    const char *letters = ad_letters_of(c->op);
    bool agree = must_agree(letters[0]) && !letters[1];
    for (int i = 0; i < c->n_x; i++)
        agree = agree && c->x[i]->type != AD_I32 && c->x[i]->type == c->x[0]->type;
    return agree;
}

/* Gives an operand another place in ids and values if it is cast. */
AD_NOINLINE static bool check_types(ad_call *c, uint32_t *ids, ad_value **values)
{
    int first = -1; /* of those that must be of one type */
    bool agree = true;
    const char *letters = ad_letters_of(c->op);
    for (int i = 0; i < c->n_x; i++, letters += letters[1] != 0) {
        const char letter = *letters;
        const uint8_t type = c->x[i]->type;
        if (letter == 'i' && type != AD_I32) {
            fail_type(c, i, "it must be i32");
        } else if (letter == 'r' && type == AD_I32) {
            fail_type(c, i, "it must be f32 or f64; convert it with ad_cast");
        } else if (!must_agree(letter) && letter != 'i' && letter != '*') {
            ad_call_fail(c, AD_BAD_VALUE, "the operator has the letter '%c' in its types: it must be r, s, i or *",
                         letter);
        } else {
            if (must_agree(letter)) {
                first = first < 0 ? i : first;
                agree = agree && type == c->x[first]->type;
            }
            continue;
        }
        return false;
    }
    return agree || agree_on_type(c, ids, values);
}

/* ---- Recording --------------------------------------------------------------------------------------------------- */

/* A copy in the arena of the step. Returns NULL for nothing, or if there is no memory. */
static const void *copy_to_step(ad_tape *t, const void *from, size_t bytes)
{
    void *copy = bytes ? ad_arena_take(&t->step, bytes) : NULL;
    return copy ? memcpy(copy, from, bytes) : NULL;
}

/* What does not fit into an entry: more than two operands, and attributes. All results share it. */
static bool record_extra(const ad_running_call *r, ad_extra *shared)
{
    const ad_call *c = &r->call;
    const size_t n_x = c->n_x > 2 ? (size_t)c->n_x : 0, n = (size_t)ad_attribute_count(c->op);
    size_t attributes = 0;
    if (n) { /* the last takes no more room than its kind needs: most calls have one, a number */
        const ad_attribute_kind last = c->op->attributes[n - 1].kind;
        const bool is_number = last == AD_ATTRIBUTE_REAL || last == AD_ATTRIBUTE_INTEGER || last == AD_ATTRIBUTE_TYPE;
        attributes = (n - 1) * sizeof(ad_attribute) + (is_number ? sizeof(int64_t) : sizeof(ad_attribute));
    }
    shared->operands = copy_to_step(c->tape, r->x_ids, n_x * sizeof *r->x_ids);
    shared->attributes = copy_to_step(c->tape, c->attributes, attributes);
    bool done = (!n_x || shared->operands) && (!attributes || shared->attributes);
    if (!done)
        ad_fail_memory(c->tape, c->op->name);
    for (int j = 0; j < c->n_y && done; j++) {
        ad_extra *extra = ad_extra_of(c->tape, r->y_ids[j]);
        done = extra != NULL;
        if (done) {
            extra->operands = shared->operands;
            extra->attributes = shared->attributes;
        }
    }
    return done;
}

/* The results become entries of the call. */
static bool record(const ad_running_call *r)
{
    const ad_call *c = &r->call;
    ad_extra shared = {0};
    if ((c->n_x > 2 || c->op->attributes[0].kind != AD_ATTRIBUTE_NONE) && !record_extra(r, &shared))
        return false;
    unsigned flags = 0;
    for (int i = 0; i < c->n_x; i++)
        flags |= c->x[i]->flags;
    const bool wants = flags & AD_WANTS_GRADIENT && !(c->op->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS));
    for (int j = 0; j < c->n_y; j++) {
        ad_entry *e = ad_entry_at(c->tape, r->y_ids[j]);
        e->op = c->op;
        e->value.result = (uint8_t)j;
        e->value.n_results = (uint8_t)c->n_y;
        e->value.n_operands = (uint32_t)c->n_x;
        for (int i = 0; i < c->n_x && i < 2; i++)
            e->u.operands[i] = r->x_ids[i];
        if (wants && j < c->n_y - c->op->n_byproducts && e->value.type != AD_I32)
            e->value.flags |= AD_WANTS_GRADIENT;
    }
    return true;
}

/* ---- The general path -------------------------------------------------------------------------------------------- */

/* Finds the operands. A gradient that was not recorded enters a recording as an opaque entry. */
static bool find_operands(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, uint32_t *ids,
                          ad_value **values)
{
    for (int i = 0; i < n; i++) {
        ad_entry *e = ad_entry_of(t, x[i]);
        if (!e) {
            ad_fail_handle(t, x[i], op->name, i);
            return false;
        }
        ids[i] = x[i].id;
        if (t->recording && ids[i] >= (uint32_t)AD_TEMPORARY << AD_INDEX_BITS) {
            ids[i] = ad_enter_gradient(t, e, ad_is_unrecorded(x[i].id, e)).id;
            e = ad_entry_at(t, ids[i]);
        }
        values[i] = &e->value;
        if (ids[i] == 0 || (t->changes.n && !ad_may_read(t, ids[i])))
            return false;
    }
    return true;
}

/* Says why a call cannot begin. Operands of two tapes put both in error, also where one is in error already. */
static void refuse(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, const ad_tensor *y)
{
    const char *name = op && op->name ? op->name : "apply";
    const bool no_operands = n > 0 && !x;
    if (!y || no_operands)
        ad_fail(t, AD_BAD_VALUE, "%s: the %s NULL", name, no_operands ? "operands are" : "room for results is");
    for (int i = 0; i < n && t && y && x && t->status != AD_OK; i++)
        if (x[i].tape != t && x[i].tape && x[i].id && x[i].tape->status == AD_OK)
            ad_fail_handle(x[i].tape, x[0], name, 0);
}

/* Whether the descriptor is complete, and the call has as many operands and attributes as it declares. */
static bool check_call(ad_tape *t, const ad_operator *op, int n, const ad_attribute *attributes)
{
    const bool is_noted = op && t->checked[AD_CHECKED_PLACE(op)] == op;
    if (!is_noted && !ad_check_descriptor(t, op))
        return false;
    const bool fits = (attributes || op->attributes[0].kind == AD_ATTRIBUTE_NONE) &&
                      (op->arity == AD_VARIADIC ? n >= 1 : n == op->arity);
    if (!fits)
        ad_fail_counts(t, op, n, attributes);
    return fits && ad_check_lists(t, op, attributes);
}

/* Room for the ids and values of many operands. */
static ad_storage *room_for(ad_tape *t, const ad_operator *op, int n, uint32_t **ids, ad_value ***values)
{
    ad_storage *room = ad_pool_take(&t->pool, (size_t)n * (sizeof(ad_value *) + sizeof(uint32_t)));
    if (!room) {
        ad_fail_memory(t, op->name);
        return NULL;
    }
    *values = ad_storage_data(room);
    *ids = (uint32_t *)(*values + n);
    return room;
}

/* Runs a call, and records it if something records. */
static bool apply(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
                  ad_tensor *y)
{
    const uint64_t positions = t->positions;
    const ad_place before = AD_PLACE_NOW(t);
    uint32_t few_ids[AD_FEW_OPERANDS], *ids = few_ids;
    ad_value *few[AD_FEW_OPERANDS], **values = few;
    ad_storage *room = NULL;
    bool done = check_call(t, op, n, attributes);
    if (done && n > AD_FEW_OPERANDS)
        done = (room = room_for(t, op, n, &ids, &values)) != NULL;
    done = done && find_operands(t, op, x, n, ids, values);
    if (done) {
        const int n_results = op->n_results ? op->n_results : 1;
        ad_running_call r;
        ad_begin_call(&r,
                      &(ad_call){.tape = t,
                                 .op = op,
                                 .attributes = attributes,
                                 .n_x = n,
                                 .n_y = n_results + op->n_byproducts,
                                 .x = values},
                      ids);
        done = are_of_one_real_type(&r.call) || check_types(&r.call, ids, values);
        if (done) {
            ad_push_frame(t, &r.frame, AD_IN_SHAPE_RULE);
            op->shape(&r.call);
            done = ad_end_shape_rule(&r, positions);
            if (done && op->run)
                op->run(&r.call);
            done = ad_end_kernel(&r) && (!t->recording || record(&r));
        }
        for (int j = 0; done && j < n_results; j++) /* a value is the first member of its entry */
            y[j] = (ad_tensor){
                .tape = t, .id = r.y_ids[j], .generation = ((const ad_entry *)(const void *)r.y[j])->generation};
    }
    if (room) /* most calls have none: no call for nothing */
        ad_pool_drop(&t->pool, room);
    if (!done)
        ad_drop_from(t, before);
    return done;
}

/* Takes the short way, where a recorded call fits into an entry. Returns false, having done nothing, where it does not.
 */
AD_NOINLINE static bool apply_scalars(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n,
                                      const ad_attribute *attributes, ad_tensor *y)
{
    if (!ad_is_map(op, n) || !(attributes || ad_has_no_attributes(op)))
        return false;
    return t->recording ? n <= 2 && !attributes && ad_may_be_scalar(t, true) &&
                              ad_apply_scalars(t, op, n, x, NULL, true, AD_ANY_PLACE, y)
                        : n < AD_SPAN_ARRAYS && ad_may_be_scalar(t, false) &&
                              ad_apply_scalars(t, op, n, x, attributes, false, AD_ANY_PLACE, y);
}

/* Gives no result before it has read all operands: y may be x. */
void ad_apply(ad_tape *tape, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
              ad_tensor *y)
{
    ad_tape *t = n > 0 && x ? x[0].tape : tape;
    for (int i = 1; !t && x && i < n; i++)
        t = x[i].tape;
    if (!t || t->status != AD_OK || !y || (n > 0 && !x))
        refuse(t, op, x, n, y);
    else if (apply_scalars(t, op, x, n, attributes, y) || apply(t, op, x, n, attributes, y))
        return;
    for (int j = 0; y && j < AD_MAX_RESULTS && (j == 0 || (op && j < ad_result_count(op))); j++)
        y[j] = (ad_tensor){.tape = t};
}

ad_tensor ad_apply_few(const ad_operator *op, ad_tensor a, ad_tensor b, int n)
{
    const ad_tensor x[] = {a, b};
    ad_tensor y[AD_MAX_RESULTS];
    ad_apply(a.tape, op, x, n, NULL, y);
    return y[0];
}
