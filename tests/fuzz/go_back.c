/* Positions, replay and segments: what goes back in the recording, or runs it again. */
#include "machine.h"

#include <string.h>

/* ---- What the machine knows ------------------------------------------------------------------------------------- */

void fuzz_reach(fuzz_machine *m, fuzz_place place, unsigned way)
{
    if (m->report->ways)
        m->report->ways[place * FUZZ_WAYS + way] = 1;
}

/* Drops the slots of the recording that were made from a place on, except those in `keep`. */
static void drop_since(fuzz_machine *m, uint64_t born, const ad_tensor *keep, int n_keep, bool surely)
{
    int n = 0;
    for (int i = 0; i < m->n_slots; i++) {
        const fuzz_slot slot = m->slots[i];
        bool stays = slot.kind != FUZZ_STEP || slot.born < born;
        for (int k = 0; k < n_keep; k++)
            stays = stays || (keep[k].id == slot.x.id && keep[k].generation == slot.x.generation);
        if (stays)
            m->slots[n++] = slot;
        else if (surely)
            m->gone[m->n_gone++ % FUZZ_GONE] = slot.x;
    }
    m->n_slots = n;
    fuzz_drop(m, FUZZ_OF_GRADIENT, false);
}

static bool is_readable(const fuzz_machine *m, const fuzz_slot *slot, const void *context)
{
    (void)m;
    (void)context;
    return slot->kind != FUZZ_OF_GRADIENT && fuzz_count(&slot->shape) <= FUZZ_ELEMENTS;
}

/* ---- Positions --------------------------------------------------------------------------------------------------- */

static void take_position(fuzz_machine *m)
{
    fuzz_position *p = &m->positions[m->n_positions];
    const bool well = fuzz_is_well(m);
    if (m->n_positions == FUZZ_POSITIONS)
        return;
    *p = (fuzz_position){ad_position_now(m->tape), m->born, m->segment, m->n_calls, well && fuzz_is_well(m)};
    FUZZ_EXPECT(!well || p->is_open || fuzz_is_refused(m), "no position is taken: %s", ad_message(m->tape));
    m->n_positions++;
}

/* Each survivor has the value that it had. It is a constant if it is new. */
static void take_survivors(fuzz_machine *m, const fuzz_slot *old, const uint64_t *hash, const ad_tensor *survive, int n)
{
    for (int i = 0; i < n; i++) {
        fuzz_slot slot = old[i];
        FUZZ_EXPECT(fuzz_hash(survive[i]) == hash[i], "a survivor has another value");
        if (survive[i].id == slot.x.id && survive[i].generation == slot.x.generation)
            continue;
        slot.x = survive[i];
        slot.kind = FUZZ_STEP;
        slot.wants = FUZZ_WANTS_NOT;
        fuzz_push(m, &slot);
        m->has_survivor = true;
    }
}

static void left_position(fuzz_machine *m, int k)
{
    const fuzz_position *p = &m->positions[k];
    for (int i = k; i < m->n_positions; i++)
        m->positions[i].is_open = false;
    drop_since(m, p->born, NULL, 0, true);
    m->n_calls = p->n_calls < m->n_calls ? p->n_calls : m->n_calls;
    m->segment = m->segment == p->segment ? m->segment : 0;
    m->is_mixed = true;
}

static void spoil_survivors(fuzz_machine *m, unsigned way, ad_tensor *survive, int *n)
{
    switch (way) {
    case FUZZ_SURVIVOR_STALE: survive[0] = m->gone[0]; break;
    case FUZZ_SURVIVOR_OTHER: survive[0] = ad_kept_at(m->other, 0); break;
    case FUZZ_SURVIVOR_INERT: survive[0] = (ad_tensor){.tape = m->tape}; break;
    default: *n = -1;
    }
    *n = *n < 0 ? -1 : *n ? *n : 1;
}

static void return_to(fuzz_machine *m, const fuzz_instruction *in, unsigned way)
{
    ad_tensor survive[FUZZ_PICKS];
    fuzz_slot old[FUZZ_PICKS];
    uint64_t hash[FUZZ_PICKS];
    int n = 0, count;
    const int k = m->n_positions ? in->pick[0] % m->n_positions : 0;
    const ad_position position = m->n_positions ? m->positions[k].position : (ad_position){0};
    const bool well = fuzz_is_well(m), is_open = m->n_positions && m->positions[k].is_open;
    for (int i = 0; way != FUZZ_RETURN && i < 1 + in->pick[1] % 3; i++) {
        const fuzz_slot *slot = fuzz_find(m, in->pick[2] + (unsigned)i, is_readable, NULL);
        if (!slot || !well)
            break;
        old[n] = *slot;
        hash[n] = fuzz_hash(slot->x);
        survive[n++] = slot->x;
    }
    count = n;
    if (way > FUZZ_RETURN_WITH)
        spoil_survivors(m, way, survive, &count);
    const ad_status status = ad_return_to(m->tape, position, survive, count);
    ad_clear_error(m->other);
    FUZZ_EXPECT(status == ad_status_of(m->tape), "return_to gives another status than the tape's");
    FUZZ_EXPECT(status != AD_OK || is_open, "a position that was given up is returned to");
    FUZZ_EXPECT(status == AD_OK || !well || !is_open || way > FUZZ_RETURN_WITH || fuzz_is_refused(m),
                "a good return fails: %s", ad_message(m->tape));
    if (is_open)
        left_position(m, k);
    if (status == AD_OK && way <= FUZZ_RETURN_WITH)
        take_survivors(m, old, hash, survive, n);
}

void fuzz_positions(fuzz_machine *m, const fuzz_instruction *in)
{
    const unsigned way = in->sample % FUZZ_POSITION_WAYS;
    fuzz_reach(m, FUZZ_AT_POSITION, way);
    if (way == FUZZ_TAKE)
        take_position(m);
    else
        return_to(m, in, way);
}

/* ---- Replay ------------------------------------------------------------------------------------------------------ */

static uint64_t hash_all(const fuzz_machine *m)
{
    uint64_t hash = 0;
    for (int i = 0; i < m->n_slots; i++)
        hash = hash * 31 + fuzz_hash(m->slots[i].x);
    return hash;
}

/* On leaves that did not change, with the same draws, a replay computes the same bits. */
static void replay(fuzz_machine *m, bool repeats)
{
    ad_replay_report report;
    fuzz_drop(m, FUZZ_OF_GRADIENT, false);
    const bool well = fuzz_is_well(m), is_excused = m->is_changed || m->has_unrecorded || m->has_survivor ||
                                                    m->has_misbehaved || m->segment || m->n_guards;
    const uint64_t before = well ? hash_all(m) : 0;
    const ad_status status = ad_replay_with(m->tape, &(ad_replay_options){.repeat_draws = repeats}, &report);
    FUZZ_EXPECT(report.status == status && (status == AD_OK) == !report.reason[0], "a replay reports another status");
    FUZZ_EXPECT(status == AD_CHANGED || status == ad_status_of(m->tape), "a replay gives another status");
    FUZZ_EXPECT(status == AD_OK || !well || !repeats || is_excused || fuzz_is_refused(m), "a good replay fails: %s",
                report.reason);
    FUZZ_EXPECT(status != AD_OK || !repeats || m->is_changed || m->has_misbehaved || hash_all(m) == before,
                "a replay of what did not change changes values");
    m->is_changed = m->is_changed || status != AD_OK;
    m->is_mixed = true;
}

static bool is_fed(const fuzz_machine *m, const fuzz_slot *slot, const void *context)
{
    return is_readable(m, slot, context) && ad_operand_count(slot->x) == 0;
}

static void feed(fuzz_machine *m, const fuzz_instruction *in, bool same)
{
    const fuzz_slot *x = fuzz_is_well(m) ? fuzz_find(m, in->pick[0], is_fed, NULL) : NULL;
    fuzz_numbers numbers;
    if (!x)
        return;
    const ad_shape shape = same ? x->shape : fuzz_shape(in->pick[1]);
    fuzz_draw(&(ad_domain){.low = -2, .high = 2}, x->type, &shape, fuzz_seed_of(in), false, &numbers);
    ad_feed(x->x, shape, &numbers);
    m->is_changed = true;
}

void fuzz_replay(fuzz_machine *m, const fuzz_instruction *in)
{
    const unsigned way = in->sample % FUZZ_REPLAY_WAYS;
    fuzz_reach(m, FUZZ_AT_REPLAY, way);
    if (way <= FUZZ_REPEATS)
        replay(m, way == FUZZ_REPEATS);
    else if (way <= FUZZ_FEED_OTHER)
        feed(m, in, way == FUZZ_FEED);
    else if (m->n_slots) {
        const fuzz_slot *a = &m->slots[in->pick[0] % m->n_slots];
        ad_guard_greater(a->x, ad_scalar(m->tape, in->pick[1] / 64.0 - 2), "turn");
        m->n_guards++;
    }
}

/* ---- Segments ---------------------------------------------------------------------------------------------------- */

static void begin_segment(fuzz_machine *m)
{
    const bool well = fuzz_is_well(m);
    const ad_status status = ad_segment_begin(m->tape);
    FUZZ_EXPECT(!well || m->segment || status == AD_OK || fuzz_is_refused(m), "no segment begins: %s",
                ad_message(m->tape));
    FUZZ_EXPECT(!m->segment || status != AD_OK, "a segment begins in another");
    if (status == AD_OK) {
        m->segment = ++m->born;
        m->segment_calls = m->n_calls;
    }
}

/* The slots that are not kept are not readable; an inner call may read them all the same. */
static void end_segment(fuzz_machine *m, const fuzz_instruction *in, unsigned way)
{
    ad_tensor outputs[FUZZ_PICKS];
    int n = 0;
    const bool well = fuzz_is_well(m);
    for (; n < in->pick[1] % 3; n++) {
        const fuzz_slot *slot = fuzz_find(m, in->pick[2] + (unsigned)n, is_readable, NULL);
        if (!slot)
            break;
        outputs[n] = slot->x;
    }
    if (way == FUZZ_END_STALE)
        outputs[n++] = m->gone[0];
    const ad_status status = ad_segment_end(m->tape, outputs, way == FUZZ_END_NEGATIVE ? -1 : n);
    FUZZ_EXPECT(!well || !m->segment || way != FUZZ_END || status == AD_OK, "a segment does not end: %s",
                ad_message(m->tape));
    FUZZ_EXPECT(m->segment || status != AD_OK, "a segment ends that was not begun");
    if (m->segment) {
        drop_since(m, m->segment, outputs, n, false);
        m->n_calls = m->segment_calls < m->n_calls ? m->segment_calls : m->n_calls;
    }
    m->segment = 0;
}

void fuzz_segments(fuzz_machine *m, const fuzz_instruction *in)
{
    const unsigned way = in->sample % FUZZ_SEGMENT_WAYS;
    fuzz_reach(m, FUZZ_AT_SEGMENT, way);
    if (way == FUZZ_BEGIN)
        begin_segment(m);
    else
        end_segment(m, in, way);
}
