/* The nearest of some names to a word. */
#include "near.h"

#include <stdbool.h>
#include <stddef.h>

enum { LONGEST = 63 }; /* longer words are near nothing */

static char small(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static int least(int a, int b) { return a < b ? a : b; }

/* The letters between two words of at most LONGEST: the optimal alignment of Damerau and Levenshtein, of which three
 * rows are kept. */
static int distance(const char *a, int n, const char *b, int m)
{
    int rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *now = rows[2];
    for (int j = 0; j <= m; j++)
        before[j] = last[j] = j;
    for (int i = 1; i <= n; i++) {
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            const char x = small(a[i - 1]), y = small(b[j - 1]);
            now[j] = least(last[j - 1] + (x != y), least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && x == small(b[j - 2]) && y == small(a[i - 2]))
                now[j] = least(now[j], before[j - 2] + 1);
        }
        int *const free = before;
        before = last;
        last = now;
        now = free;
    }
    return last[m];
}

/* The length; -1 for a word that is longer than LONGEST. */
static int length_of(const char *word)
{
    int n = 0;
    while (n <= LONGEST && word[n])
        n++;
    return n <= LONGEST ? n : -1;
}

/* Whether the shorter word is a whole part of the longer one, between underscores: `steps` of schedule_steps. */
static bool is_part(const char *a, int n, const char *b, int m)
{
    if (n > m)
        return is_part(b, m, a, n);
    for (int at = 0; n > 2 && n < m && at + n <= m; at++) {
        int equal = 0;
        while (equal < n && small(a[equal]) == small(b[at + equal]))
            equal++;
        if (equal == n && (at == 0 || b[at - 1] == '_') && (at + n == m || b[at + n] == '_'))
            return true;
    }
    return false;
}

/* The name of which the word is a part, or that is a part of the word; of several the shortest. */
static const char *related(const char *word, int n, const char *(*name)(int i, const void *context),
                           const void *context)
{
    const char *best = NULL, *candidate;
    int least = 0;
    for (int i = 0; n > 0 && (candidate = name(i, context)) != NULL; i++) {
        const int m = length_of(candidate);
        if (m > 0 && is_part(word, n, candidate, m) && (!best || m < least)) {
            best = candidate;
            least = m;
        }
    }
    return best;
}

const char *nn_nearest(const char *word, const char *(*name)(int i, const void *context), const void *context)
{
    const int n = length_of(word);
    int room = n <= 3 ? 1 : n / 3 > 2 ? n / 3 : 2;
    const char *nearest = NULL, *candidate;
    for (int i = 0; n > 0 && (candidate = name(i, context)) != NULL; i++) {
        const int m = length_of(candidate);
        if (m <= 0 || m - n > room || n - m > room)
            continue;
        const int d = distance(word, n, candidate, m);
        if (d <= room && d < n && (n > 2 || m > 2 || d == 0)) { /* another letter of two makes another word */
            nearest = candidate;
            room = d - 1; /* the next must be nearer */
        }
    }
    return nearest ? nearest : related(word, n, name, context);
}
