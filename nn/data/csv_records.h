#ifndef GRADTAPE_NN_CSV_RECORDS_H
#define GRADTAPE_NN_CSV_RECORDS_H
/* Private to nn: the records of a table as text, one at a time. What the form of the file is, is checked here: quotes,
 * line ends, UTF-8, as many fields in each record. */
#include "../options/writer.h"
#include "source.h"

/* Ends messages about damaged files. */
#define NN_CSV_REMEDY "make or copy it again"

typedef struct nn_csv_field {
    char *at; /* in the block, until the next record is read; no 0 ends it */
    size_t n;
} nn_csv_field;

typedef struct nn_csv_records {
    nn_source *source;
    char delimiter;
    bool has_header; /* for messages */
    /* The record. */
    nn_csv_field *fields;
    size_t n;     /* 0: there is no record more */
    int64_t line; /* where it begins, from 1 */
    int64_t rows; /* records so far but the header, at most 2^31-1 */
    /* How it is found. */
    size_t width; /* fields of the first record; 0: it was not read yet */
    size_t fields_room;
    char *block; /* a byte more than `room`, for a line end behind the last byte */
    size_t room;
    size_t begin, next, end; /* in the block: the record, the one behind it, the end of what was read */
    int64_t next_line;
    bool is_last;            /* the source has no byte more */
    bool is_odd;             /* the record has quotes, or bytes above 127 */
    unsigned char kind[256]; /* of each byte */
} nn_csv_records;

/* Takes the block and goes to the first record behind a byte order mark, without reading it. nn_csv_records_close gives
 * back what the records hold, after an error too. An end without rows is an error. */
ad_status nn_csv_records_open(nn_csv_records *records, nn_source *source, char delimiter, bool has_header);
ad_status nn_csv_records_next(nn_csv_records *records);
void nn_csv_records_close(nn_csv_records *records);

/* The line at which a field of the record begins. */
int64_t nn_csv_line_of(const nn_csv_records *records, size_t field);

/* Puts "train.csv:17:3: ", or without the number of the field. */
void nn_csv_put_place(nn_writer *w, const nn_csv_records *records, size_t field);
void nn_csv_put_line(nn_writer *w, const nn_csv_records *records, int64_t line);

/* Puts a field in single quotes, as messages show texts of the user's. */
void nn_csv_put_field(nn_writer *w, nn_csv_field field);

#endif
