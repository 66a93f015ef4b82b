/* What threads that use one estimator at once share. */
#include "shared.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static void *allocate(void *context, size_t bytes)
{
    nn_shared *s = context;
    pthread_mutex_lock(&s->lock);
    void *block = ad_memory_take(&s->memory, 1, bytes);
    pthread_mutex_unlock(&s->lock);
    return block;
}

static void release(void *context, void *block, size_t bytes)
{
    nn_shared *s = context;
    pthread_mutex_lock(&s->lock);
    ad_memory_release(&s->memory, block, 1, bytes);
    pthread_mutex_unlock(&s->lock);
}

ad_allocator nn_shared_allocator(nn_shared *shared)
{
    return (ad_allocator){.allocate = allocate, .release = release, .context = shared};
}

nn_shared *nn_shared_open(const ad_allocator *allocator)
{
    ad_memory memory = ad_memory_over(allocator);
    nn_shared *s = ad_memory_take(&memory, 1, sizeof *s);
    if (!s)
        return NULL;
    *s = (nn_shared){.memory = memory};
    if (pthread_mutex_init(&s->lock, NULL) == 0)
        return s;
    memory = s->memory;
    ad_memory_release(&memory, s, 1, sizeof *s);
    return NULL;
}

void nn_shared_close(nn_shared *s)
{
    const ad_allocator allocator = nn_shared_allocator(s);
    ad_memory own = ad_memory_over(&allocator);
    while (s->free) {
        nn_reader *reader = s->free;
        s->free = reader->next;
        ad_tape_close(reader->tape);
        nn_batch_release(&reader->batch, &own);
        ad_memory_release(&own, reader, 1, sizeof *reader);
    }
    pthread_mutex_destroy(&s->lock);
    ad_memory memory = s->memory;
    ad_memory_release(&memory, s, 1, sizeof *s);
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

ad_status nn_shared_fail(nn_shared *s, ad_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&s->lock);
    if (s->status == AD_OK) {
        vsnprintf(s->message, sizeof s->message, format, arguments);
        s->status = status;
    }
    pthread_mutex_unlock(&s->lock);
    va_end(arguments);
    return status;
}

void nn_shared_add(nn_shared *s, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&s->lock);
    const size_t n = strlen(s->message);
    vsnprintf(s->message + n, sizeof s->message - n, format, arguments);
    pthread_mutex_unlock(&s->lock);
    va_end(arguments);
}

/* ---- Readers ----------------------------------------------------------------------------------------------------- */

static nn_reader *open_reader(nn_shared *s)
{
    const ad_allocator allocator = nn_shared_allocator(s);
    ad_memory own = ad_memory_over(&allocator);
    nn_reader *reader = ad_memory_take(&own, 1, sizeof *reader);
    if (!reader)
        return NULL;
    *reader = (nn_reader){.tape = ad_tape_open(&(ad_tape_options){.allocator = &allocator})};
    if (reader->tape)
        return reader;
    ad_memory_release(&own, reader, 1, sizeof *reader);
    return NULL;
}

nn_reader *nn_take_reader(nn_shared *s)
{
    pthread_mutex_lock(&s->lock);
    nn_reader *reader = s->free;
    if (reader)
        s->free = reader->next;
    pthread_mutex_unlock(&s->lock);
    return reader ? reader : open_reader(s);
}

void nn_give_reader(nn_shared *s, nn_reader *reader)
{
    pthread_mutex_lock(&s->lock);
    reader->next = s->free;
    s->free = reader;
    pthread_mutex_unlock(&s->lock);
}
