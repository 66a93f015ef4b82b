#ifndef GRADTAPE_FIELDS_H
#define GRADTAPE_FIELDS_H
/* Fields: options as data. Everything that has options (a kind of layer, a head, an optimiser, an estimator) has a
 * struct for them and a table of its fields, one row each. Defaults, checks, messages, reading from text, printing and
 * the reference tables all go by these rows.
 *
 *   typedef struct scale_options { double factor; } scale_options;
 *   static const nn_field scale_fields[] = {
 *       { "factor", "what x is multiplied by", NN_FIELD_REAL, offsetof(scale_options, factor), .standard = 1 } };
 *
 * In an options struct zero means the default. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradtape/status.h>

/* Lists among options: an array and its length. NN_REALS(1, 5) is a list of numbers; NN_INTEGERS and NN_TEXTS
 * likewise. */
typedef struct nn_reals {
    const double *at;
    size_t n;
} nn_reals;
typedef struct nn_integers {
    const int32_t *at;
    size_t n;
} nn_integers;
typedef struct nn_texts {
    const char *const *at;
    size_t n;
} nn_texts;
#define NN_REALS(...)                                                                                                  \
    {                                                                                                                  \
        (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double)                          \
    }
#define NN_INTEGERS(...)                                                                                               \
    {                                                                                                                  \
        (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t)                       \
    }
#define NN_TEXTS(...)                                                                                                  \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
    }

/* The type of a field, which is that of the member. */
typedef enum nn_field_type {
    NN_FIELD_INTEGER,  /* int64_t */
    NN_FIELD_REAL,     /* double */
    NN_FIELD_SWITCH,   /* bool; the default is false */
    NN_FIELD_CHOICE,   /* an enumeration: the number of a name */
    NN_FIELD_TEXT,     /* const char *; NULL: none */
    NN_FIELD_SEED,     /* uint64_t */
    NN_FIELD_INTEGERS, /* int64_t[count]: numbers from `low` on, ended by 0 or by the end of the array */
    NN_FIELD_REALS,    /* nn_reals: numbers in the range */
    NN_FIELD_INT32S,   /* nn_integers: any */
    NN_FIELD_TEXTS,    /* nn_texts */
    NN_FIELD_ROW,      /* a pointer to a row of a table, for instance const nn_head *; NULL: the default */
    NN_FIELD_LAYERS,   /* nn_layers (layers.h), which no text can say */
    NN_FIELD_TYPE_COUNT
} nn_field_type;

/* The numbers that a field takes, once the default stands in the place of 0. All zero: every finite number. */
typedef struct nn_range {
    double low, high;
    bool above_low;  /* `low` itself is not allowed */
    bool below_high; /* `high` itself is not allowed */
} nn_range;

/* x >= a;  x > a;  a <= x <= b;  a <= x < b. */
#define NN_AT_LEAST(a)                                                                                                 \
    {                                                                                                                  \
        .low = (a), .high = 1e300                                                                                      \
    }
#define NN_ABOVE(a)                                                                                                    \
    {                                                                                                                  \
        .low = (a), .high = 1e300, .above_low = true                                                                   \
    }
#define NN_FROM_TO(a, b)                                                                                               \
    {                                                                                                                  \
        .low = (a), .high = (b)                                                                                        \
    }
#define NN_FROM_TO_BELOW(a, b)                                                                                         \
    {                                                                                                                  \
        .low = (a), .high = (b), .below_high = true                                                                    \
    }

/* A field. */
typedef struct nn_field {
    const char *name;    /* of the option */
    const char *meaning; /* a few words, for reference tables and help */
    nn_field_type type;
    size_t offset;                     /* of the member in the struct */
    double standard;                   /* the default: what 0 stands for */
    bool is_by_row;                    /* a row that another option names says what 0 stands for, if it is read at all:
                                          0 is in the range, and settings leave it out */
    bool can_be_unset;                 /* 0 says that the option is not given, and no text says 0 */
    nn_range range;                    /* of numbers */
    int count;                         /* NN_FIELD_INTEGERS: the elements of the array */
    const char *(*choice)(int number); /* NN_FIELD_CHOICE: the name of a number from 0 on, "" for a number that stands
                                          for the default, NULL after the last one */
    /* NN_FIELD_ROW: a row of the library's table from 0 on, NULL after the last one; the name of a row, which may be
     * one of the user's; the default. */
    const void *(*row)(int number);
    const char *(*row_name)(const void *row);
    const void *standard_row;
} nn_field;

/* A table of fields. NN_FIELDS(array) is that of an array; {0} has none. */
typedef struct nn_fields {
    const nn_field *at;
    size_t n;
} nn_fields;
#define NN_FIELDS(array)                                                                                               \
    {                                                                                                                  \
        (array), sizeof(array) / sizeof((array)[0])                                                                    \
    }

#endif
