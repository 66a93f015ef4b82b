/* Running a program: slots, invariants, and the instructions that are short. */
#include "machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MEMORY = 24 << 20 }; /* bytes that a tape may take */

#define TEN "0123456789"
static const char long_name[] = TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN;

_Noreturn void fuzz_abort(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    abort();
}

uint32_t fuzz_seed_of(const fuzz_instruction *in)
{
    uint32_t seed = 0;
    for (int i = 0; i < FUZZ_PICKS; i++)
        seed = seed << 8 | in->pick[i];
    return seed;
}

bool fuzz_is_wild(const fuzz_instruction *in) { return (in->how & FUZZ_WAY) >= FUZZ_WILD; }

/* ---- Invariants -------------------------------------------------------------------------------------------------- */

bool fuzz_is_well(const fuzz_machine *m) { return ad_status_of(m->tape) == AD_OK; }

bool fuzz_is_refused(const fuzz_machine *m) { return m->memory.refused != m->refused; }

/* A status is one of the list, and says why it is not AD_OK. */
void fuzz_check_status(fuzz_machine *m)
{
    const ad_status status = ad_status_of(m->tape);
    const char *message = ad_message(m->tape);
    FUZZ_EXPECT((unsigned)status < AD_STATUS_COUNT, "status %d is none", (int)status);
    FUZZ_EXPECT((status == AD_OK) == !message[0], "%s has the message '%s'", ad_status_name(status), message);
    for (const char *c = message; *c; c++)
        FUZZ_EXPECT((unsigned char)*c >= ' ', "a message has the character %d", *c);
    m->has_failed = m->has_failed || status != AD_OK;
    m->digest = (m->digest ^ (uint64_t)status) * UINT64_C(0x100000001b3);
}

/* NaN is NaN, whatever its bits. */
static uint64_t bits_at(ad_type type, const void *data, size_t i)
{
    const double value = type == AD_F32   ? (double)((const float *)data)[i]
                         : type == AD_F64 ? ((const double *)data)[i]
                                          : (double)((const int32_t *)data)[i];
    uint64_t bits = 0;
    if (value == value)
        memcpy(&bits, &value, sizeof bits);
    return value == value ? bits : UINT64_MAX;
}

uint64_t fuzz_hash(ad_tensor x)
{
    const void *data = ad_data(x);
    const size_t n = data ? ad_size_of(x) : 0;
    const ad_type type = data ? ad_type_of(x) : AD_F32;
    uint64_t hash = 0;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ bits_at(type, data, i)) * UINT64_C(0x100000001b3);
    return hash;
}

static void read_values(fuzz_machine *m, ad_tensor x, ad_type type, const ad_shape *shape, const char *what)
{
    const ad_shape own = ad_shape_of(x);
    const void *data = ad_data(x);
    const size_t n = ad_size_of(x);
    FUZZ_EXPECT(fuzz_is_well(m), "%s cannot be read: %s", what, ad_message(m->tape));
    FUZZ_EXPECT(ad_type_of(x) == type, "%s is of %s, not %s", what, ad_type_name(ad_type_of(x)), ad_type_name(type));
    FUZZ_EXPECT(fuzz_same_shape(&own, shape), "%s has another shape", what);
    FUZZ_EXPECT(data != NULL, "%s has no data", what);
    for (size_t i = 0; i < n; i++)
        m->digest = (m->digest ^ bits_at(type, data, i)) * UINT64_C(0x100000001b3);
}

void fuzz_read(fuzz_machine *m, const fuzz_slot *slot)
{
    const char *made_by = ad_made_by(slot->x), *name = ad_name_of(slot->x);
    read_values(m, slot->x, slot->type, &slot->shape, made_by);
    FUZZ_EXPECT(made_by[0] && strlen(name) < 256, "a tensor was made by nothing");
    for (int i = 0; i < ad_operand_count(slot->x); i++)
        FUZZ_EXPECT(!ad_is_inert(ad_operand(slot->x, i)), "operand %d of %s is inert", i, made_by);
    if (!ad_has_gradient(slot->x))
        return;
    FUZZ_EXPECT(slot->type != AD_I32 && slot->wants != FUZZ_WANTS_NOT, "%s has a gradient", made_by);
    read_values(m, ad_gradient(slot->x), slot->type, &slot->shape, "a gradient");
}

/* ---- Slots ------------------------------------------------------------------------------------------------------- */

void fuzz_push(fuzz_machine *m, const fuzz_slot *slot)
{
    if (ad_is_inert(slot->x) || fuzz_count(&slot->shape) > FUZZ_ELEMENTS)
        return;
    if (m->n_slots == FUZZ_SLOTS) {
        m->n_slots -= FUZZ_SLOTS / 3;
        memmove(m->slots, m->slots + FUZZ_SLOTS / 3, (size_t)m->n_slots * sizeof m->slots[0]);
    }
    m->slots[m->n_slots] = *slot;
    m->slots[m->n_slots++].born = ++m->born;
}

void fuzz_drop(fuzz_machine *m, fuzz_kind kind, bool surely)
{
    int n = 0;
    for (int i = 0; i < m->n_slots; i++)
        if (m->slots[i].kind != kind)
            m->slots[n++] = m->slots[i];
        else if (surely)
            m->gone[m->n_gone++ % FUZZ_GONE] = m->slots[i].x;
    m->n_slots = n;
}

fuzz_slot *fuzz_find(fuzz_machine *m, unsigned k, fuzz_fits *fits, const void *context)
{
    unsigned n = 0;
    for (int i = 0; i < m->n_slots; i++)
        n += fits(m, &m->slots[i], context);
    k = n ? k % n : 0;
    for (int i = m->n_slots - 1; n && i >= 0; i--)
        if (fits(m, &m->slots[i], context) && k-- == 0)
            return &m->slots[i];
    return NULL;
}

fuzz_slot fuzz_leaf(fuzz_machine *m, int leaf, ad_type type, const ad_shape *shape, const fuzz_numbers *numbers)
{
    fuzz_slot slot = {.type = type, .shape = *shape, .kind = leaf == FUZZ_PARAM ? FUZZ_KEPT : FUZZ_STEP};
    const bool well = fuzz_is_well(m);
    slot.wants = leaf == FUZZ_INPUT || type == AD_I32 ? FUZZ_WANTS_NOT : FUZZ_WANTS_SURELY;
    if (slot.wants == FUZZ_WANTS_NOT)
        slot.kind = FUZZ_STEP;
    if (slot.wants == FUZZ_WANTS_NOT)
        slot.x = ad_input(m->tape, type, *shape, numbers);
    else if (leaf == FUZZ_PARAM)
        slot.x = ad_param(m->tape, type, *shape, numbers, m->n_slots % 2 ? "w" : NULL);
    else
        slot.x = ad_variable(m->tape, type, *shape, numbers);
    FUZZ_EXPECT(fuzz_is_well(m) || !well || fuzz_is_refused(m), "a leaf is refused: %s", ad_message(m->tape));
    FUZZ_EXPECT(ad_is_inert(slot.x) == !fuzz_is_well(m), "a leaf is inert, or not, beside %s",
                ad_status_name(ad_status_of(m->tape)));
    fuzz_push(m, &slot);
    return slot;
}

/* ---- Short instructions ------------------------------------------------------------------------------------------ */

/* A leaf of whatever kind, type and shape. */
static void make_wild_leaf(fuzz_machine *m, const fuzz_instruction *in)
{
    const int leaf = in->type / 8 % 4;
    const ad_type type = (ad_type)(in->type % 4);
    fuzz_slot slot = {
        .type = type, .shape = fuzz_wild_shape(fuzz_seed_of(in)), .kind = leaf < 2 ? FUZZ_STEP : FUZZ_KEPT};
    slot.wants = leaf % 2 ? FUZZ_WANTS_SURELY : FUZZ_WANTS_NOT;
    switch (leaf) {
    case 0: slot.x = ad_input(m->tape, type, slot.shape, NULL); break;
    case 1: slot.x = ad_variable(m->tape, type, slot.shape, NULL); break;
    case 2: slot.x = ad_state(m->tape, type, slot.shape, NULL, NULL); break;
    default: slot.x = ad_param(m->tape, type, slot.shape, NULL, NULL);
    }
    FUZZ_EXPECT(ad_is_inert(slot.x) == !fuzz_is_well(m), "a leaf is inert, or not, beside %s",
                ad_status_name(ad_status_of(m->tape)));
    fuzz_push(m, &slot);
}

/* Numbers that are never given back, for tensors that borrow them. */
static const fuzz_numbers *lent_numbers(ad_type type)
{
    static fuzz_numbers numbers[AD_TYPE_COUNT];
    fuzz_draw(&(ad_domain){.low = -2, .high = 2}, type, &AD_SHAPE(FUZZ_ELEMENTS), 7, false, &numbers[type]);
    return &numbers[type];
}

/* States, and leaves that borrow: they want no gradient. */
static void make_constant(fuzz_machine *m, const fuzz_instruction *in, ad_type type, const fuzz_numbers *numbers)
{
    const int leaf = in->how & 7;
    fuzz_slot slot = {.type = type, .shape = fuzz_shape(in->sample), .kind = leaf == 5 ? FUZZ_KEPT : FUZZ_STEP};
    if (leaf == 5)
        slot.x = ad_state(m->tape, type, slot.shape, numbers, "s");
    else if (leaf == 6)
        slot.x = ad_borrow(m->tape, type, slot.shape, lent_numbers(type));
    else {
        slot = (fuzz_slot){.type = AD_F64, .shape = AD_SCALAR, .kind = FUZZ_STEP};
        slot.x = ad_scalar(m->tape, in->pick[0] - 100.0);
    }
    fuzz_push(m, &slot);
}

static void make_leaf(fuzz_machine *m, const fuzz_instruction *in)
{
    const ad_type type = (ad_type)(in->type % AD_TYPE_COUNT);
    const ad_shape shape = fuzz_shape(in->sample);
    const int leaf = in->how & 7;
    fuzz_numbers numbers;
    fuzz_draw(&(ad_domain){.low = -2, .high = 2}, type, &shape, fuzz_seed_of(in), in->how & FUZZ_SPECIAL, &numbers);
    if (fuzz_is_wild(in))
        make_wild_leaf(m, in);
    else if (leaf < 5)
        fuzz_leaf(m, leaf < 2 ? FUZZ_PARAM : leaf < 4 ? FUZZ_VARIABLE : FUZZ_INPUT, type, &shape, &numbers);
    else
        make_constant(m, in, type, &numbers);
    if (in->how & FUZZ_MORE && m->n_slots)
        ad_name(m->slots[m->n_slots - 1].x, in->pick[0] % 2 ? "x" : long_name);
}

void fuzz_forget_step(fuzz_machine *m)
{
    fuzz_drop(m, FUZZ_STEP, true);
    fuzz_drop(m, FUZZ_OF_GRADIENT, false);
    for (int i = 0; i < m->n_positions; i++)
        m->positions[i].is_open = false;
    if (m->n_positions == FUZZ_POSITIONS)
        m->n_positions = 0;
    m->n_calls = m->n_guards = 0;
    m->segment = 0;
    m->is_changed = m->is_recorded = m->is_mixed = false;
    m->has_unrecorded = m->has_survivor = m->has_misbehaved = false;
}

static void reset(fuzz_machine *m, const fuzz_instruction *in)
{
    (void)in;
    const ad_status before = ad_status_of(m->tape), status = ad_reset(m->tape);
    FUZZ_EXPECT(status == ad_status_of(m->tape) && (status == before || fuzz_is_refused(m)),
                "reset changes the status");
    FUZZ_EXPECT(ad_entry_count(m->tape) == 0, "%zu entries are left after reset", ad_entry_count(m->tape));
    fuzz_forget_step(m);
}

static void clear(fuzz_machine *m, const fuzz_instruction *in)
{
    (void)in;
    const ad_status before = ad_status_of(m->tape);
    FUZZ_EXPECT(ad_clear_error(m->tape) == before && fuzz_is_well(m), "the error is not cleared");
}

/* Asks for what a tensor is not. */
static void read_wrong(fuzz_machine *m, const fuzz_instruction *in)
{
    const ad_tensor x = m->n_slots ? m->slots[in->pick[0] % m->n_slots].x : (ad_tensor){.tape = m->tape};
    switch (in->sample % 8) {
    case 0: ad_f32(x); break;
    case 1: ad_f64(x); break;
    case 2: ad_i32(x); break;
    case 3: ad_item(x); break;
    case 4: ad_operand(x, in->pick[1] - 1); break;
    case 5: ad_gradient(x); break;
    case 6: ad_kept_at(m->tape, in->pick[1]); break;
    default: FUZZ_EXPECT(!ad_data(m->gone[in->pick[1] % FUZZ_GONE]), "a stale tensor is read");
    }
}

static void starve(fuzz_machine *m, const fuzz_instruction *in)
{
    counting_fail(&m->memory, 1 + in->sample % 8u, in->how & 1 ? COUNTING_FOR_GOOD : COUNTING_ONCE);
    m->is_starving = true;
}

static void fail(fuzz_machine *m, const fuzz_instruction *in)
{
    const ad_status before = ad_status_of(m->tape), status = ad_fail(m->tape, (ad_status)(in->sample % 20), "asked to");
    FUZZ_EXPECT(status != AD_OK && (before == AD_OK || status == before), "ad_fail does not fail");
    if ((unsigned)status >= AD_STATUS_COUNT)
        ad_clear_error(m->tape);
}

/* ---- Programs ---------------------------------------------------------------------------------------------------- */

typedef void instruction(fuzz_machine *m, const fuzz_instruction *in);

/* By (code - 128) / 8. What is missing applies an operator. */
static instruction *const instructions[16] = {
    [0] = make_leaf,       [1] = fuzz_backward, [2] = fuzz_gradient,       [3] = reset,
    [4] = clear,           [5] = fuzz_update,   [6] = fuzz_local_gradient, [7] = read_wrong,
    [8] = starve,          [9] = fail,          [10] = fuzz_show,          [11] = fuzz_gradcheck,
    [12] = fuzz_positions, [13] = fuzz_replay,  [14] = fuzz_segments,      [15] = fuzz_custom,
};

/* Only clearing, or a reset that finds no memory, changes the error that a tape has. */
void fuzz_execute(fuzz_machine *m, const fuzz_instruction *in)
{
    instruction *run = in->code < FUZZ_LEAF ? fuzz_apply : instructions[(in->code - FUZZ_LEAF) / 8];
    const ad_status before = ad_status_of(m->tape);
    const size_t entries = ad_entry_count(m->tape);
    const bool was_starving = m->is_starving;
    m->refused = m->memory.refused;
    run = run ? run : fuzz_apply;
    run(m, in);
    if (was_starving) {
        counting_heal(&m->memory);
        m->is_starving = false;
    }
    if (before != AD_OK && run != clear && run != reset && run != fail) {
        FUZZ_EXPECT(ad_status_of(m->tape) == before, "an error changes from %s", ad_status_name(before));
        FUZZ_EXPECT(ad_entry_count(m->tape) <= entries, "something is recorded after an error");
    }
    fuzz_check_status(m);
    if (in->how & FUZZ_CLEARS)
        ad_clear_error(m->tape);
}

static ad_tape *open_tape(counting *memory, unsigned char garbage)
{
    counting_open(memory);
    memory->total = MOST_MEMORY;
    memory->garbage = garbage;
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory->allocator});
    FUZZ_EXPECT(t != NULL, "no tape is opened");
    return t;
}

void fuzz_open(fuzz_machine *m, unsigned char garbage, fuzz_report *report)
{
    ad_set_threads(1);
    m->report = report;
    m->tape = open_tape(&m->memory, garbage);
    m->probe = open_tape(&m->probe_memory, garbage);
    m->other = ad_tape_open(NULL);
    FUZZ_EXPECT(m->other != NULL, "no tape is opened");
    ad_param(m->other, AD_F64, AD_SHAPE(2, 3), NULL, "other");
}

void fuzz_close(fuzz_machine *m)
{
    counting_heal(&m->memory);
    fuzz_check_status(m);
    ad_clear_error(m->tape);
    for (int i = 0; i < m->n_slots; i++)
        fuzz_read(m, &m->slots[i]);
    FUZZ_EXPECT(ad_usage_of(m->tape).bytes == m->memory.bytes, "the tape counts %zu bytes, its allocator %zu",
                ad_usage_of(m->tape).bytes, m->memory.bytes);
    ad_tape_close(m->tape);
    ad_tape_close(m->probe);
    ad_tape_close(m->other);
    FUZZ_EXPECT(m->memory.blocks == 0 && m->probe_memory.blocks == 0, "%zu bytes are not given back",
                m->memory.bytes + m->probe_memory.bytes);
    FUZZ_EXPECT(m->memory.wrong_releases + m->probe_memory.wrong_releases == 0,
                "a block is released with another size than was asked for");
}

/* What a watched tape kept can be read: of tensors that are there, through operands that are theirs. */
static void read_parts(ad_tape *t, ad_band band)
{
    for (size_t i = 0; i < ad_part_count(t, band); i++) {
        const ad_part *part = ad_part_at(t, band, i);
        const bool is_from_rule = part->origin == AD_FROM_RULE;
        FUZZ_EXPECT(ad_is_valid(part->of) && ad_is_valid(part->from) == is_from_rule, "part %zu is of what is gone", i);
        FUZZ_EXPECT(!is_from_rule || ad_operand(part->from, part->place).id == part->of.id,
                    "part %zu is of another operand", i);
        FUZZ_EXPECT(part->part.n == ad_size_of(part->of), "part %zu has another size than its tensor", i);
    }
}

typedef struct way_to_run {
    unsigned char garbage; /* what memory held before */
    ad_switch watched;
} way_to_run;

typedef struct digests {
    uint64_t read, shown;
} digests;

/* The digests; 0 where memory was refused, since that comes sooner or later as blocks happen to be aligned. */
static digests run_once(const uint8_t *bytes, size_t n, way_to_run way, fuzz_report *report)
{
    static fuzz_machine m;
    memset(&m, 0, sizeof m);
    fuzz_open(&m, way.garbage, report);
    ad_watch(m.tape, way.watched);
    for (size_t at = 0; at + FUZZ_BYTES <= n && at < FUZZ_MOST * FUZZ_BYTES; at += FUZZ_BYTES) {
        const fuzz_instruction in = fuzz_decode(bytes + at);
        fuzz_execute(&m, &in);
        for (int band = 0; band < AD_BAND_COUNT; band++)
            read_parts(m.tape, (ad_band)band);
    }
    fuzz_close(&m);
    return m.memory.refused + m.probe_memory.refused ? (digests){0} : (digests){m.digest, m.shown};
}

void fuzz_run(const uint8_t *bytes, size_t n, fuzz_report *report)
{
    fuzz_report none = {0};
    const digests first = run_once(bytes, n, (way_to_run){0xA5, AD_OFF}, report ? report : &none);
    const digests second = run_once(bytes, n, (way_to_run){0x3C, AD_OFF}, &none);
    const digests watched = run_once(bytes, n, (way_to_run){0x3C, AD_ON}, &none);
    FUZZ_EXPECT(!first.read || !second.read || (first.read == second.read && first.shown == second.shown),
                "results depend on what memory held before");
    FUZZ_EXPECT(!watched.read || !second.read || watched.read == second.read,
                "results depend on whether the tape is watched");
}
