/* Applying operators: on what is there, mended, or wrong on purpose. */
#include "machine.h"

#include <string.h>

/* ---- What becomes of a call -------------------------------------------------------------------------------------- */

/* How many handles a call writes: a descriptor may ask for more than there can be. */
static int result_count(const ad_operator *row)
{
    const int n = row && row->n_results ? row->n_results : 1;
    return n < AD_MAX_RESULTS ? n : AD_MAX_RESULTS;
}

static fuzz_wants wants_of(const fuzz_call *c, ad_type type)
{
    fuzz_wants wants = FUZZ_WANTS_NOT;
    if (type == AD_I32 || !fuzz_has_rule(c->row))
        return wants;
    for (int i = 0; i < c->n_x; i++)
        wants = c->x[i].wants > wants ? c->x[i].wants : wants;
    return wants;
}

/* A result is what a tensor must be, and all of it can be read. */
static void take_result(fuzz_machine *m, fuzz_call *c, int j, ad_tensor y)
{
    fuzz_slot *slot = &c->y[j];
    *slot = (fuzz_slot){.x = y, .type = ad_type_of(y), .shape = ad_shape_of(y), .kind = FUZZ_STEP};
    FUZZ_EXPECT((unsigned)slot->type < AD_TYPE_COUNT, "%s: a result of type %d", c->row->name, (int)slot->type);
    FUZZ_EXPECT(slot->shape.rank >= 0 && slot->shape.rank <= AD_MAX_RANK, "%s: a result of rank %d", c->row->name,
                slot->shape.rank);
    for (int i = 0; i < slot->shape.rank; i++)
        FUZZ_EXPECT(slot->shape.dims[i] >= 0, "%s: a result with a negative size", c->row->name);
    slot->wants = wants_of(c, slot->type);
    FUZZ_EXPECT(!strcmp(ad_made_by(y), c->row->name), "%s: its result was made by %s", c->row->name, ad_made_by(y));
    fuzz_read(m, slot);
    fuzz_push(m, slot);
}

static void take_results(fuzz_machine *m, fuzz_call *c, const ad_tensor *y)
{
    c->n_y = result_count(c->row);
    for (int j = 0; j < c->n_y; j++)
        take_result(m, c, j, y[j]);
    if (m->n_calls < FUZZ_CALLS)
        m->calls[m->n_calls++] = *c;
    if (m->report->ran)
        m->report->ran[fuzz_row_index(c->row)] |= FUZZ_RAN_KERNEL;
}

static void check_failed_call(fuzz_machine *m, const fuzz_call *c, const ad_tensor *y, size_t entries)
{
    for (int j = 0; j < result_count(c->row); j++)
        FUZZ_EXPECT(ad_is_inert(y[j]), "%s gives a result and an error", c->row ? c->row->name : "nothing");
    FUZZ_EXPECT(ad_entry_count(m->tape) == entries, "%s fails and leaves entries", c->row ? c->row->name : "nothing");
}

/* Runs a call. A call that is `good` must succeed, unless memory is out. */
static void run(fuzz_machine *m, ad_tape *tape, fuzz_call *c, bool good)
{
    ad_tensor x[FUZZ_OPERANDS], y[AD_MAX_RESULTS];
    const bool well = fuzz_is_well(m);
    const size_t entries = ad_entry_count(m->tape);
    for (int i = 0; i < c->n_x; i++)
        x[i] = c->x[i].x;
    ad_apply(tape, c->row, x, c->n_x, c->attributes, y);
    if (well && fuzz_is_well(m) && !ad_is_inert(y[0]) && y[0].tape == m->tape)
        take_results(m, c, y);
    else if (y[0].tape != m->other)
        check_failed_call(m, c, y, entries);
    FUZZ_EXPECT(!good || !well || fuzz_is_well(m) || fuzz_is_refused(m), "a good call fails: %s", ad_message(m->tape));
}

/* Whether a call succeeds, and stays small, on copies of its operands on another tape. */
static bool is_possible(fuzz_machine *m, const fuzz_call *c)
{
    ad_tensor x[FUZZ_OPERANDS], y[AD_MAX_RESULTS];
    bool possible = fuzz_is_well(m);
    ad_clear_error(m->probe);
    ad_reset(m->probe);
    for (int i = 0; i < c->n_x && possible; i++)
        x[i] = ad_input(m->probe, c->x[i].type, c->x[i].shape, ad_data(c->x[i].x));
    if (possible)
        ad_apply(m->probe, c->row, x, c->n_x, c->attributes, y);
    possible = possible && ad_status_of(m->probe) == AD_OK;
    for (int j = 0; possible && j < result_count(c->row); j++) {
        const ad_shape shape = ad_shape_of(y[j]);
        possible = fuzz_count(&shape) <= FUZZ_ELEMENTS;
    }
    return possible;
}

/* ---- Operands that are there ------------------------------------------------------------------------------------- */

typedef struct wanted {
    const ad_operator *row;
    int i;
    const ad_type *type;   /* NULL: any that the row takes */
    const ad_shape *shape; /* NULL: any */
} wanted;

static bool fits_operand(const fuzz_machine *m, const fuzz_slot *slot, const void *context)
{
    const wanted *w = context;
    const char letter = fuzz_letter(w->row, w->i);
    (void)m;
    if ((letter == 'i' && slot->type != AD_I32) || (letter == 'r' && slot->type == AD_I32))
        return false;
    return (!w->type || letter == 'i' || slot->type == *w->type) &&
           (!w->shape || fuzz_same_shape(&slot->shape, w->shape));
}

static unsigned pick_of(const fuzz_instruction *in, int i)
{
    return in->pick[i % FUZZ_PICKS] + 37u * (unsigned)(i / FUZZ_PICKS);
}

/* The sample that an instruction names: its operands, their number and the attributes. */
static const ad_sample *sample_of(const fuzz_instruction *in, fuzz_call *c)
{
    *c = (fuzz_call){.row = fuzz_row_of(in->row)};
    static const ad_sample none;
    const ad_sample *sample = &none;
    if (c->row->n_samples > 0)
        sample = &c->row->samples[in->sample < c->row->n_samples ? in->sample : in->sample % c->row->n_samples];
    memcpy(c->attributes, sample->attributes, sizeof c->attributes);
    c->n_x = sample->n_x;
    if (c->row->arity == AD_VARIADIC && in->how & FUZZ_MORE)
        c->n_x = 1 + in->pick[3] % (FUZZ_OPERANDS - 2);
    return sample;
}

/* A call on existing tensors, whatever their shapes: all operands of the type of the first where the row says so. */
static bool find_operands(fuzz_machine *m, const fuzz_instruction *in, fuzz_call *c)
{
    sample_of(in, c);
    const ad_type *type = NULL;
    for (int i = 0; i < c->n_x; i++) {
        const wanted w = {.row = c->row, .i = i, .type = type};
        const fuzz_slot *slot = fuzz_find(m, pick_of(in, i), fits_operand, &w);
        if (!slot)
            return false;
        c->x[i] = *slot;
        if (!type && fuzz_letter(c->row, i) != 'i')
            type = &c->x[i].type;
    }
    return c->n_x > 0 && is_possible(m, c);
}

/* ---- Operands of a sample ---------------------------------------------------------------------------------------- */

static bool takes_anything(const ad_operator *row)
{
    for (int i = 0; i < row->arity; i++)
        if (fuzz_letter(row, i) != '*' && fuzz_letter(row, i) != 's')
            return false;
    return row->arity != 0;
}

static ad_type type_of(const fuzz_instruction *in, const ad_operator *row)
{
    const unsigned k = in->type % 8u;
    return k == 7 && takes_anything(row) ? AD_I32 : k >= 4 && k < 7 ? AD_F32 : AD_F64;
}

static fuzz_slot make_operand(fuzz_machine *m, const fuzz_instruction *in, const fuzz_call *c, int i, ad_type type,
                              const ad_shape *shape)
{
    const ad_domain domain = fuzz_domain(c->row, i);
    const unsigned pick = pick_of(in, i);
    fuzz_numbers numbers;
    fuzz_draw(&domain, type, shape, pick / 4 + 100u * (unsigned)i, in->how & FUZZ_SPECIAL, &numbers);
    return fuzz_leaf(m, pick % 4 == FUZZ_EXISTING ? FUZZ_VARIABLE : (int)(pick % 4), type, shape, &numbers);
}

/* The operands of a sample, `plain` new leaves with values of the row's domain. */
static void make_operands(fuzz_machine *m, const fuzz_instruction *in, fuzz_call *c, bool plain)
{
    const ad_sample *sample = sample_of(in, c);
    fuzz_instruction how = *in;
    if (plain) {
        c->n_x = sample->n_x;
        how.how &= (uint8_t)~FUZZ_SPECIAL;
    }
    for (int i = 0; i < c->n_x; i++) {
        ad_type type = type_of(plain && in->type % 8u == 7 ? &(fuzz_instruction){0} : in, c->row);
        const ad_shape *shape = &sample->x[i < sample->n_x ? i : sample->n_x - 1];
        const wanted w = {.row = c->row, .i = i, .type = &type, .shape = shape};
        const bool reuse = !plain && pick_of(in, i) % 4 == FUZZ_EXISTING;
        const fuzz_slot *slot = reuse ? fuzz_find(m, pick_of(in, i) / 4, fits_operand, &w) : NULL;
        if (fuzz_letter(c->row, i) == 'i')
            type = AD_I32;
        c->x[i] = slot ? *slot : make_operand(m, &how, c, i, type, shape);
    }
}

/* A call that fits, mended twice if need be. */
static void mend(fuzz_machine *m, const fuzz_instruction *in, fuzz_call *c)
{
    make_operands(m, in, c, false);
    if (fuzz_is_well(m) && !is_possible(m, c))
        make_operands(m, in, c, true);
}

/* ---- Wrong on purpose -------------------------------------------------------------------------------------------- */

static fuzz_slot wild_operand(fuzz_machine *m, const fuzz_instruction *in)
{
    fuzz_slot slot = {.x = {.tape = m->tape}};
    switch (in->pick[1] % 6) {
    case 0: return slot;
    case 1: slot.x.tape = NULL; return slot;
    case 2: slot.x = m->n_gone ? m->gone[in->pick[2] % FUZZ_GONE] : slot.x; return slot;
    case 3: slot.x = ad_kept_at(m->other, 0); return slot;
    case 4: return m->n_slots ? m->slots[in->pick[2] % m->n_slots] : slot;
    default: break;
    }
    fuzz_numbers numbers;
    const ad_shape shape = fuzz_shape(in->pick[3]);
    const ad_type type = (ad_type)(in->pick[2] % AD_TYPE_COUNT);
    fuzz_draw(&(ad_domain){.low = -9, .high = 9}, type, &shape, in->pick[2], true, &numbers);
    return fuzz_leaf(m, FUZZ_VARIABLE, type, &shape, &numbers);
}

/* Descriptors with something missing. */
static void lie_shape(ad_call *c) { (void)c; }
static const ad_operator broken[] = {
    {.arity = 1},
    {.name = "no_shape", .arity = 1},
    {.name = "no_kernel", .arity = 1, .shape = ad_same_shape},
    {.name = "no_result", .arity = 1, .shape = lie_shape, .run = lie_shape, .properties = AD_NOT_DIFFERENTIABLE},
    {.name = "many", .arity = 1, .n_results = 99, .shape = lie_shape, .run = lie_shape},
};

static ad_tape *spoil_call(fuzz_machine *m, const fuzz_instruction *in, fuzz_call *c)
{
    switch (in->pick[1] % 5) {
    case 0:
        if (c->n_x)
            c->x[c->n_x] = c->x[0];
        else
            c->x[0] = wild_operand(m, in);
        c->n_x++;
        break;
    case 1: c->n_x -= c->n_x > 0; break;
    case 2: c->row = NULL; break;
    case 3: return NULL;
    default: c->row = &broken[in->pick[2] % (sizeof broken / sizeof broken[0])];
    }
    return m->tape;
}

static void run_wild(fuzz_machine *m, const fuzz_instruction *in, fuzz_call *c)
{
    const int way = in->how & FUZZ_WAY;
    ad_tape *tape = m->tape;
    if (way == FUZZ_WILD_CALL)
        tape = spoil_call(m, in, c);
    else if (way == FUZZ_WILD_OPERANDS && c->n_x)
        c->x[in->pick[0] % c->n_x] = wild_operand(m, in);
    const int n_calls = m->n_calls;
    for (int a = 0; way == FUZZ_WILD_ATTRIBUTES && a < AD_MAX_ATTRIBUTES; a++)
        if (c->row->attributes[a].kind != AD_ATTRIBUTE_NONE && in->pick[0] >> a & 1)
            c->attributes[a] = fuzz_wild_attribute(c->row->attributes[a].kind, fuzz_seed_of(in) + (uint32_t)a);
    run(m, tape, c, false);
    FUZZ_EXPECT(way != FUZZ_WILD_OPERANDS || in->pick[1] % 6 > 2 || !c->n_x || m->n_calls == n_calls,
                "%s takes an operand that is inert or stale", c->row->name);
    ad_clear_error(m->other);
    ad_reset(m->other);
}

void fuzz_apply(fuzz_machine *m, const fuzz_instruction *in)
{
    fuzz_call c;
    const bool found = (in->how & FUZZ_WAY) < FUZZ_MENDED && find_operands(m, in, &c);
    if (!found)
        mend(m, in, &c);
    if (fuzz_is_wild(in))
        run_wild(m, in, &c);
    else
        run(m, m->tape, &c, true);
}
