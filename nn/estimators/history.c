/* The history of an estimator's fits. */
#include "history.h"

#include <string.h>

#include "../lengthen.h"

enum { MOST_STEPS = NN_HISTORY_ROWS / 4, LEAST_ROOM = 64 };

/* ---- Keeping ----------------------------------------------------------------------------------------------------- */

/* Makes place for one more among at most `most`, and returns where it stands. `items` are moved up where others go. */
static size_t next_place(nn_thinned *t, size_t most, void *items, size_t bytes)
{
    char *at = items;
    t->every = t->every ? t->every : 1;
    if (t->n > 0 && (t->seen - 1) % t->every != 0)
        t->n--; /* it was there as the last one */
    if (t->n == most) {
        for (size_t i = 0; 2 * i < t->n; i++)
            memmove(at + i * bytes, at + 2 * i * bytes, bytes);
        t->n = (t->n + 1) / 2;
        t->every *= 2;
    }
    t->seen++;
    return t->n++;
}

/* The room that is needed for `more` items. */
static size_t room_for(const nn_thinned *t, int64_t more, size_t most)
{
    return more < (int64_t)(most - t->n) ? t->n + (size_t)more : most;
}

/* Makes an array longer, so that many small fits lengthen it seldom. Returns false if memory is out; it is then as it
 * was. */
static bool lengthen(void **array, size_t *room, size_t wanted, size_t bytes, ad_memory *memory)
{
    if (wanted <= *room)
        return true;
    wanted = wanted < LEAST_ROOM ? LEAST_ROOM : wanted < 2 * *room ? 2 * *room : wanted;
    void *longer = nn_lengthen(memory, *array, *room, *room, wanted, bytes);
    if (!longer)
        return false;
    *array = longer;
    *room = wanted;
    return true;
}

bool nn_history_reserve(nn_history *h, int64_t rows, int64_t steps, size_t width, ad_memory *memory)
{
    void *all = h->rows, *flow = h->flow;
    h->width = width;
    const bool good =
        lengthen(&all, &h->room, room_for(&h->kept, rows, NN_HISTORY_ROWS), sizeof *h->rows, memory) &&
        lengthen(&flow, &h->flow_room, room_for(&h->steps, steps, MOST_STEPS) * width, sizeof *h->flow, memory);
    h->rows = all;
    h->flow = flow;
    return good;
}

void nn_history_release(nn_history *h, ad_memory *memory)
{
    ad_memory_release(memory, h->rows, h->room, sizeof *h->rows);
    ad_memory_release(memory, h->flow, h->flow_room, sizeof *h->flow);
    *h = (nn_history){.rows = NULL};
}

void nn_history_add_loss(nn_history *h, double loss)
{
    h->loss += loss;
    h->batches++;
}

const nn_history_row *nn_history_add(nn_history *h, nn_history_row row)
{
    nn_history_row *to = &h->rows[next_place(&h->kept, NN_HISTORY_ROWS, h->rows, sizeof row)];
    row.loss = h->batches ? h->loss / (double)h->batches : 0;
    h->loss = 0;
    h->batches = 0;
    *to = row;
    return to;
}

nn_flow *nn_history_add_step(nn_history *h)
{
    return h->flow + next_place(&h->steps, MOST_STEPS, h->flow, h->width * sizeof *h->flow) * h->width;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

size_t nn_history_count(const nn_history *h) { return h ? h->kept.n : 0; }

const nn_history_row *nn_history_at(const nn_history *h, size_t i)
{
    return i < nn_history_count(h) ? &h->rows[i] : NULL;
}

nn_history_row nn_history_best(const nn_history *h) { return h ? h->best : (nn_history_row){.step = 0}; }

nn_fit_end nn_history_end(const nn_history *h) { return h ? h->end : NN_END_NONE; }

int64_t nn_history_goal(const nn_history *h) { return h ? h->goal : 0; }

const char *nn_fit_end_name(int end)
{
    static const char *const names[NN_END_COUNT] = {"none", "steps", "patience", "minimum", "stopped", "failed"};
    return (unsigned)end < NN_END_COUNT ? names[end] : NULL;
}

size_t nn_history_flow_count(const nn_history *h) { return h ? h->steps.n * h->width : 0; }

const nn_flow *nn_history_flow_at(const nn_history *h, size_t i)
{
    return i < nn_history_flow_count(h) ? &h->flow[i] : NULL;
}

ad_training nn_history_training(const nn_history *h)
{
    if (!h)
        return (ad_training){.rows = NULL};
    return (ad_training){.rows = h->rows,
                         .n_rows = nn_history_count(h),
                         .flows = h->flow,
                         .n_flows = nn_history_flow_count(h),
                         .best = h->best.step ? &h->best : NULL};
}
