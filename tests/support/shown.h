#ifndef TESTS_SHOWN_H
#define TESTS_SHOWN_H
/* What the calls of show.h write: kept as a string, and compared by meaning. Each function gets the line of the test,
 * so that a message can name it. */
#include <gradtape/gradtape.h>
#include <gradtape/show.h>

/* A FILE to write to. What was written is a string until the next FILE is opened. */
FILE *shown_open(void);
const char *shown_close(void);

/* What ad_print and the others write. They must succeed. */
const char *printed(int line, ad_tape *t, const ad_print_options *options);
const char *printed_tensor(int line, ad_tensor x, const ad_print_options *options);
const char *explained(int line, ad_tensor y, ad_tensor x);
const char *why_zero(int line, ad_tensor x);

/* The number of lines, and the widest of them in characters. */
int lines_in(const char *text);
int columns_of(const char *text);

/* The line whose first cell is `first` has these cells after it. Cells are parted by two blanks or more; what stands
 * below belongs to the cell above it, or is one more cell if it begins in column 8. Words are equal, and numbers to
 * 1e-6: expect_cells(text, first, cell, cell, ...). */
void expect_cells(int line, const char *text, const char *first, const char *const *cells);

/* The whole text is equal in this sense; blanks and ends of lines part words. */
void expect_text(int line, const char *text, const char *wanted);

/* A call of show.h ended with this status and a message that has the parts: expect_shown(shown, status, part, ...). */
void expect_shown(int line, ad_shown shown, ad_status status, const char *const *parts);

#ifndef TESTS_NO_LINES
#define printed(...) printed(__LINE__, __VA_ARGS__)
#define printed_tensor(...) printed_tensor(__LINE__, __VA_ARGS__)
#define explained(...) explained(__LINE__, __VA_ARGS__)
#define why_zero(...) why_zero(__LINE__, __VA_ARGS__)
#define expect_cells(text, first, ...) expect_cells(__LINE__, text, first, (const char *const[]){__VA_ARGS__, NULL})
#define expect_text(...) expect_text(__LINE__, __VA_ARGS__)
#define expect_shown(shown, status, ...) expect_shown(__LINE__, shown, status, (const char *const[]){__VA_ARGS__, NULL})
#endif

#endif
