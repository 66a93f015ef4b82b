/* Tables as text: what columns are by the header, the options and the schema of a model. */
#include <math.h>
#include <string.h>

#include <gradtape/classifier.h>

#include "../support/check.h"
#include "../support/tables.h"

#define LIST(...)                                                                                                      \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
    }

/* ---- Names and places -------------------------------------------------------------------------------------------- */

START_TEST(names_are_before_places)
{
    const nn_csv_options by_place = {.label = "2", .ignored = LIST("1")};
    nn_dataset *set = table(",y,x\n7,1,2\n", &by_place);
    expect_schema(nn_dataset_data(set), " ignored, y label, x number");
    nn_dataset_close(set);
    const nn_csv_options by_name = {.label = "2", .header = true};
    set = table("2,y,x\n7,1,2\n", &by_name);
    expect_schema(nn_dataset_data(set), "2 label, y number, x number");
    nn_dataset_close(set);
    set = table("1,2,3\n4,5,6\n", &(nn_csv_options){.label = "3", .no_header = true});
    expect_schema(nn_dataset_data(set), "1 number, 2 number, 3 label");
    expect_features(nn_dataset_data(set), 2, 2, 1, 2, 4, 5);
    nn_dataset_close(set);
}
END_TEST

/* Names that are there twice do no harm where they are not used. */
START_TEST(ignored_columns_may_have_any_name)
{
    const nn_csv_options options = {.ignored = LIST("3", "4", "5")};
    nn_dataset *set = table("a,b,a,,\n1,2,x,y,\n", &options);
    expect_schema(nn_dataset_data(set), "a number, b number, a ignored,  ignored,  ignored");
    nn_dataset_close(set);
    const nn_csv_options first = {.ignored = LIST("1")}, either = {.ignored = LIST("a")};
    set = table("a,b,a\n1,2,3\n", &first);
    expect_schema(nn_dataset_data(set), "a ignored, b number, a number");
    expect_features(nn_dataset_data(set), 1, 2, 2, 3);
    nn_dataset_close(set);
    expect_refused("a,b,a\n1,2,3\n", &either, AD_BAD_FILE,
                   "train.csv:1: two columns are called \"a\" (1 and 3); rename one");
}
END_TEST

START_TEST(names_are_found_as_they_are_written)
{
    const nn_csv_options options = {.label = " y", .categorical = LIST("a,b")};
    nn_dataset *set = table("\"a,b\", y,x\nq,1,2\n", &options);
    expect_schema(nn_dataset_data(set), "a,b category [q],  y label, x number");
    nn_dataset_close(set);
}
END_TEST

START_TEST(options_that_are_none_are_refused)
{
    const struct {
        nn_csv_options options;
        const char *message;
    } cases[] = {
        {{.label = "specis"}, "no column \"specis\" in train.csv; did you mean \"species\"?"},
        {{.label = "5"}, "no column \"5\" in train.csv (4 columns: age, species, b, 1st)"},
        {{.label = "0"}, "no column \"0\" in train.csv (4 columns: age, species, b, 1st)"},
        {{.label = ""}, "no column \"\" in train.csv (4 columns: age, species, b, 1st)"},
        {{.ids = LIST("Age")}, "no column \"Age\" in train.csv; did you mean \"age\"?"},
        {{.label = "age", .ignored = LIST("age")},
         "train.csv: column \"age\" is two things: label and ignored; leave it out of one of them"},
        {{.label = "age", .ignored = LIST("1")},
         "train.csv: column \"age\" is two things: label and ignored; leave it out of one of them"},
        {{.weight = "age", .ids = LIST("age")},
         "train.csv: column \"age\" is two things: weight and ids; leave it out of one of them"},
        {{.categorical = LIST("b"), .numeric = LIST("b")},
         "train.csv: column \"b\" is two things: categorical and numeric; leave it out of one of them"},
        {{.targets = LIST("b", "3")}, "train.csv: column \"b\" is named twice by targets; name it once"},
        {{.ids = LIST("b", "1st", "4")}, "train.csv: column \"1st\" is named twice by ids; name it once"},
        {{.label = "age", .targets = LIST("b")}, "label and targets are both given; give one of them"},
        {{.header = true, .no_header = true}, "header and no_header are both given; give one of them"},
        {{.ignored = LIST("1", "2"), .label = "3", .ids = LIST("4")},
         "train.csv: none of its 4 columns is left for the features; leave one out of the other options"},
        {{.delimiter = ""}, "delimiter is '': it must be one character such as ',', ';' or '|', or tab"},
        {{.delimiter = ",,"}, "delimiter is ',,': it must be one character such as ',', ';' or '|', or tab"},
        {{.delimiter = "\""}, "delimiter is '\"': it must be one character such as ',', ';' or '|', or tab"},
        {{.delimiter = "\n"}, "delimiter is '\\x0a': it must be one character such as ',', ';' or '|', or tab"},
        {{.delimiter = "5"}, "delimiter is '5': it must be one character such as ',', ';' or '|', or tab"},
        {{.delimiter = "e"}, "delimiter is 'e': it must be one character such as ',', ';' or '|', or tab"},
        {{.delimiter = "-"}, "delimiter is '-': it must be one character such as ',', ';' or '|', or tab"},
        {{.delimiter = "."}, "delimiter is '.': it must be one character such as ',', ';' or '|', or tab"},
        {{.delimiter = "\xc3"}, "delimiter is '\\xc3': it must be one character such as ',', ';' or '|', or tab"},
        {{.decimal = "x"}, "decimal is 'x': it must be '.' or ','"},
        {{.decimal = ""}, "decimal is '': it must be '.' or ','"},
        {{.decimal = ","},
         "decimal and the delimiter are both ','; for numbers such as 3,5: decimal=\",\" delimiter=;"},
        {{.ignored = {NULL, 2}}, "ignored[0] is NULL: give a text"},
        {{.ids = LIST("b", NULL)}, "ids[1] is NULL: give a text"},
        {{.missing = LIST("x", NULL)}, "missing[1] is NULL: give a text"},
        {{.like = {NULL, 3}}, "like is NULL: it must be an array of 3 columns"},
    };
    for (int i = 0; i < COUNT(cases); i++)
        expect_refused("age,species,b,1st\n1,2,3,4\n", &cases[i].options, AD_BAD_VALUE, cases[i].message);
}
END_TEST

START_TEST(many_columns_are_not_all_listed)
{
    expect_refused("a,b,c,d,e,f,g,h,i\n1,2,3,4,5,6,7,8,9\n", &(nn_csv_options){.label = "xyz"}, AD_BAD_VALUE,
                   "no column \"xyz\" in train.csv (9 columns: a, b, c, d, e, f, g, h, ...)");
    expect_refused("only\n1\n", &(nn_csv_options){.label = "xyz"}, AD_BAD_VALUE,
                   "no column \"xyz\" in train.csv (1 column: only)");
}
END_TEST

START_TEST(wrong_headers_are_refused)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"2,8,x\n1,2,3\n", "train.csv:1: the header has the number '2' as a name; for a file without header: "
                           "no_header=true; if it is a name: header=true"},
        {"a,b,-1.5e3\n1,2,3\n", "train.csv:1: the header has the number '-1.5e3' as a name; for a file without header: "
                                "no_header=true; if it is a name: header=true"},
        {"\"id\nx\",b,\"id\nx\"\n1,2,3\n", "train.csv:2: two columns are called \"id\\x0ax\" (1 and 3); rename one"},
        {"id,b,c,d,e,f,id\n1,2,3,4,5,6,7\n", "train.csv:1: two columns are called \"id\" (1 and 7); rename one"},
        {",b\n1,2\n", "train.csv:1: column 1 has no name (row numbers of a spreadsheet?); ignored=1"},
        {"a,\"\"\n1,2\n", "train.csv:1: column 2 has no name (row numbers of a spreadsheet?); ignored=2"},
        {"a;b;c\n1;2;3\n", "train.csv: the header is one field and contains ';'; say delimiter=;"},
        {"a\tb\n1\t2\n", "train.csv: the header is one field and contains a tab; say delimiter=tab"},
    };
    for (int i = 0; i < COUNT(cases); i++)
        expect_refused(cases[i].text, NULL, AD_BAD_FILE, cases[i].message);
    expect_refused("1,2\n3,4\n", &(nn_csv_options){.delimiter = ";", .no_header = true}, AD_BAD_FILE,
                   "train.csv: the first record is one field and contains ','; say delimiter=\",\"");
    expect_refused("a,b,a\n1,2,3\n", &(nn_csv_options){.label = "a"}, AD_BAD_FILE,
                   "train.csv:1: two columns are called \"a\" (1 and 3); rename one");
    nn_dataset *set = table("\"a;b\"\n1\n", NULL); /* in quotes it is a name */
    expect_schema(nn_dataset_data(set), "a;b number");
    nn_dataset_close(set);
}
END_TEST

/* ---- Like -------------------------------------------------------------------------------------------------------- */

static const char *const colours[] = {"red", "green", "blue"}, *const classes[] = {"red", "2", "1"};
static const nn_column trained[] = {
    {.name = "age", .kind = NN_COLUMN_NUMBER, .width = 1},
    {.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = {colours, 3}},
    {.name = "fare", .kind = NN_COLUMN_NUMBER},
    {.name = "class", .kind = NN_COLUMN_LABEL, .levels = {classes, 3}},
    {.name = "note", .kind = NN_COLUMN_IGNORED},
};
static const nn_csv_options as_trained = {.like = NN_SCHEMA(trained)};

START_TEST(columns_match_by_name)
{
    nn_dataset *set = table("class,fare,note,colour,age\n1,2,x,violet,3\n2,4,y,green,6\n1,8,z,amber,9\n", &as_trained);
    const nn_data data = nn_dataset_data(set);
    expect_schema(data, "age number, colour category [red green blue amber violet], fare number, "
                        "class label [red 2 1], note ignored");
    expect_features(data, 3, 3, 3, 4, 2, 6, 1, 4, 9, 3, 8);
    ck_assert_str_eq(data.label_texts[1], "2"); /* texts, as the levels of the label are */
    ck_assert_str_eq(nn_dataset_notes(set), "");
    nn_dataset_close(set);
}
END_TEST

START_TEST(what_is_no_feature_may_be_missing)
{
    nn_dataset *set = table("fare,colour,age\n2,red,3\n", &as_trained);
    expect_schema(nn_dataset_data(set), "age number, colour category [red green blue], fare number");
    expect_features(nn_dataset_data(set), 1, 3, 3, 0, 2);
    ck_assert(!nn_dataset_data(set).labels && !nn_dataset_data(set).label_texts);
    nn_dataset_close(set);
}
END_TEST

START_TEST(columns_that_the_model_does_not_know_are_left_out)
{
    nn_csv_options options = as_trained;
    nn_dataset *set = table(",fare,key,colour,age,\"x, y\"\nq,2,k,red,3,p\n", &options);
    ck_assert_str_eq(nn_dataset_notes(set), "train.csv: left out are columns that the model does not have: column "
                                            "1, \"key\", \"x, y\"");
    expect_schema(nn_dataset_data(set), "age number, colour category [red green blue], fare number");
    nn_dataset_close(set);
    options.ids = (nn_texts)LIST("key");
    options.ignored = (nn_texts)LIST("6");
    options.weight = "w";
    set = table("w,fare,key,colour,age,\"x, y\"\n0.5,2,k,red,3,p\n", &options);
    ck_assert_str_eq(nn_dataset_notes(set), "");
    expect_schema(nn_dataset_data(set), "age number, colour category [red green blue], fare number, w weight, key id, "
                                        "x, y ignored");
    ck_assert_str_eq(nn_dataset_data(set).ids[0], "k");
    ck_assert(nn_dataset_data(set).weights[0] == 0.5);
    nn_dataset_close(set);
}
END_TEST

/* The texts of each row stand in the order that the columns have in the schema. */
static void expect_ids(const nn_dataset *set, int64_t n_ids, const char *const *wanted)
{
    const nn_data data = nn_dataset_data(set);
    ck_assert_int_eq(data.n_ids, n_ids);
    for (int64_t i = 0; i < data.rows * n_ids; i++)
        ck_assert_str_eq(data.ids[i], wanted[i]);
}

START_TEST(several_columns_name_a_row)
{
    const nn_column like[] = {{.name = "shop", .kind = NN_COLUMN_ID}, {.name = "x", .kind = NN_COLUMN_NUMBER}};
    const char text[] = "date,x,customer,shop\n1 May,1,anna,\n2 May,2,,north\n,3,carl,south\n";
    nn_csv_options options = {.ids = LIST("customer", "date"), .ignored = LIST("shop")};
    nn_dataset *set = table(text, &options);
    expect_schema(nn_dataset_data(set), "date id, x number, customer id, shop ignored");
    expect_ids(set, 2, (const char *const[]){"1 May", "anna", "2 May", "", "", "carl"});
    nn_dataset_close(set);
    options = (nn_csv_options){.ids = LIST("4", "date", "customer")};
    set = table(text, &options);
    expect_ids(set, 3, (const char *const[]){"1 May", "anna", "", "2 May", "", "north", "", "carl", "south"});
    nn_dataset_close(set);
    options = (nn_csv_options){.like = NN_SCHEMA(like), .ids = LIST("customer", "shop")};
    set = table(text, &options); /* columns of `like` come first */
    expect_schema(nn_dataset_data(set), "shop id, x number, customer id");
    expect_ids(set, 2, (const char *const[]){"", "anna", "north", "", "south", "carl"});
    ck_assert_str_eq(nn_dataset_notes(set), "train.csv: left out are columns that the model does not have: \"date\"");
    nn_dataset_close(set);
}
END_TEST

/* Notes are those of the last read. */
START_TEST(notes_go_with_their_read)
{
    nn_dataset *set = table("age,colour,fare,more\n1,red,2,3\n", &as_trained);
    ck_assert_str_ne(nn_dataset_notes(set), "");
    ck_assert_int_eq(read_text(set, "a\n1\n", NULL), AD_OK);
    ck_assert_str_eq(nn_dataset_notes(set), "");
    nn_dataset_close(set);
}
END_TEST

/* By `auto` a column is what its values are. What that may hide is told. */
START_TEST(doubtful_categories_are_told)
{
    char text[4000] = "age,name,colour\n";
    const nn_csv_options options = {.categorical = LIST("auto")};
    for (int i = 0; i < 30; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s,n%d,%s\n",
                 i % 10 == 3   ? "NA"
                 : i % 10 == 4 ? "4.5"
                               : (char[]){(char)('0' + i % 10), 0},
                 i, i % 2 ? "red" : "blue");
    nn_dataset *set = table(text, &options);
    ck_assert_str_eq(
        nn_dataset_notes(set),
        "train.csv: column \"age\" is a category, though 9 of its 10 levels are numbers; if the others mean "
        "missing values, name them in missing\n"
        "train.csv: column \"name\" is a category with another level in each row; if it names the rows: "
        "ids=name");
    nn_dataset_close(set);
    set = table(text, &(nn_csv_options){.categorical = LIST("age", "name", "colour")}); /* one who says it knows it */
    ck_assert_str_eq(nn_dataset_notes(set), "");
    nn_dataset_close(set);
}
END_TEST

/* The label of a row is one of the classes that the model has. */
/* Dates, say: no column of such levels is learnt from. */
START_TEST(categories_of_many_levels_are_told)
{
    for (int levels = 20; levels <= 21; levels++) {
        char text[1000] = "when,x\n";
        for (int i = 0; i < 40; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "d%d,1\n", i % levels);
        nn_dataset *set = table(text, &(nn_csv_options){.categorical = LIST("auto")});
        ck_assert_str_eq(nn_dataset_notes(set), levels == 20
                                                    ? ""
                                                    : "train.csv: column \"when\" is a category with 21 levels "
                                                      "in 40 rows; if it names the rows: ids=when");
        nn_dataset_close(set);
    }
}
END_TEST

START_TEST(labels_that_the_model_does_not_know_are_refused)
{
    static const char *const many[] = {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11"};
    nn_column like[] = {{.name = "x"}, {.name = "y", .kind = NN_COLUMN_LABEL, .levels = {colours, 3}}};
    nn_csv_options options = {.like = NN_SCHEMA(like)};
    expect_refused("x,y\n1,blue\n2,\"grey\"\n3,red\n", &options, AD_BAD_FILE,
                   "train.csv:3: class \"grey\" was not in the training data (red, green, blue); mend the label or "
                   "leave the row out");
    expect_refused("x,\"y\"\n1,\"bl\nue\"\n", &options, AD_BAD_FILE,
                   "train.csv:2: class \"bl\\x0aue\" was not in the training data (red, green, blue); mend the label "
                   "or leave the row out");
    expect_refused("x,y\n1,blue\n2,\n", &options, AD_BAD_FILE,
                   "train.csv:3: column \"y\" is empty; each row must have a label");
    like[1].levels = (nn_texts){many, 10};
    expect_refused("x,y\n1,c11\n", &options, AD_BAD_FILE,
                   "train.csv:2: class \"c11\" was not in the training data (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10); "
                   "mend the label or leave the row out");
    like[1].levels.n = 11;
    expect_refused("x,y\n1,c\n", &options, AD_BAD_FILE,
                   "train.csv:2: class \"c\" was not in the training data (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, "
                   "... 11 in all); mend the label or leave the row out");
    like[1] = (nn_column){.name = "y", .kind = NN_COLUMN_TARGET, .levels = {many, 10}};
    nn_dataset *set = table("x,y\n1,17\n", &options); /* of numbers there are more than were seen */
    ck_assert(*(const double *)nn_dataset_data(set).targets == 17);
    nn_dataset_close(set);
}
END_TEST

/* Classes that are whole numbers make whole numbers of the labels. */
START_TEST(labels_are_what_the_classes_are)
{
    static const char *const numbers[] = {"3", "-1", "20"};
    nn_column like[] = {{.name = "x"}, {.name = "y", .kind = NN_COLUMN_LABEL, .levels = {numbers, 3}}};
    nn_csv_options options = {.like = NN_SCHEMA(like)};
    nn_dataset *set = table("x,y\n1,-1\n2,20\n", &options);
    ck_assert_ptr_null(nn_dataset_data(set).label_texts);
    ck_assert_int_eq(nn_dataset_data(set).labels[0], -1);
    ck_assert_int_eq(nn_dataset_data(set).labels[1], 20);
    nn_dataset_close(set);
    expect_refused("x,y\n1,4\n", &options, AD_BAD_FILE,
                   "train.csv:2: class \"4\" was not in the training data (3, -1, 20); mend the label or leave the row "
                   "out");
    like[1].levels = (nn_texts){classes, 3};
    set = table("x,y\n1,1\n2,2\n3,red\n4,1\n5,1\n6,1\n7,1\n8,1\n9,1\n10,1\n", &options);
    ck_assert_str_eq(nn_dataset_data(set).label_texts[0], "1");
    ck_assert_str_eq(nn_dataset_notes(set), "");
    nn_dataset_close(set);
    like[1].levels = (nn_texts){.n = 0}; /* it does not say what they are */
    set = table("x,y\n1,1\n2,2\n", &options);
    ck_assert_int_eq(nn_dataset_data(set).labels[1], 2);
    nn_dataset_close(set);
}
END_TEST

/* Rows that are predicted may have any labels, or marks in their place. */
START_TEST(what_is_true_of_rows_may_be_ignored)
{
    const nn_column like[] = {{.name = "x"},
                              {.name = "y", .kind = NN_COLUMN_LABEL, .levels = {colours, 3}},
                              {.name = "w", .kind = NN_COLUMN_WEIGHT},
                              {.name = "n", .kind = NN_COLUMN_ID}};
    nn_csv_options options = {.like = NN_SCHEMA(like), .ignored = LIST("y", "w", "n", "more")};
    const char text[] = "more,y,x,w,n,rest,last\n,grey,1,?,a,5,6\n,,2,,b,7,8\n";
    nn_dataset *set = table(text, &options);
    const nn_data data = nn_dataset_data(set);
    expect_schema(data, "x number, y ignored, w ignored, n ignored, more ignored");
    expect_features(data, 2, 1, 1, 2);
    ck_assert(!data.labels && !data.label_texts && !data.weights && !data.ids);
    /* What was left out is told once, on a line. */
    ck_assert_str_eq(nn_dataset_notes(set),
                     "train.csv: left out are columns that the model does not have: \"rest\", \"last\"");
    nn_dataset_close(set);
    options.ignored = (nn_texts)LIST("x");
    expect_refused(
        text, &options, AD_BAD_VALUE,
        "train.csv: column \"x\" is two things: a column of the model and ignored; leave it out of one of them");
    options.ignored = (nn_texts)LIST("y");
    options.label = "y";
    expect_refused(text, &options, AD_BAD_VALUE,
                   "train.csv: column \"y\" is two things: label and ignored; leave it out of one of them");
}
END_TEST

/* A model gives what its table was, its classes in their order. */
START_TEST(a_classifier_knows_its_classes)
{
    static const char text[] = "y,x\nred,1\nblue,2\nred,3\nblue,5\n", whole[] = "y,x\n7,1\n-3,2\n7,3\n0,5\n";
    const struct {
        const char *text;
        nn_csv_options csv;
        nn_classifier_options options;
        const char *schema, *new_row, *refused;
    } cases[] = {
        {text, {.label = "y"}, {.n_classes = 0}, "x number, y label [blue red]", "x,y\n1,red\n", "x,y\n1,7\n"},
        {text,
         {.label = "y"},
         {.label_texts = LIST("red", "green", "blue"), .n_classes = 3},
         "x number, y label [red green blue]",
         "x,y\n1,green\n",
         "x,y\n1,grey\n"},
        {whole, {.label = "y"}, {.n_classes = 0}, "x number, y label [-3 0 7]", "x,y\n1,0\n", "x,y\n1,1\n"},
        {"y,x\n0,1\n1,2\n", {.label = "y"}, {.n_classes = 3}, "x number, y label [0 1 2]", "x,y\n1,2\n", "x,y\n1,3\n"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_dataset *set = table(cases[i].text, &cases[i].csv);
        const nn_data data = nn_dataset_data(set);
        nn_classifier *c = nn_classifier_open(&cases[i].options);
        ck_assert_msg(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 1}) == AD_OK, "%s",
                      nn_classifier_message(c));
        const nn_csv_options as_model = {.like = nn_classifier_schema(c)};
        expect_schema((nn_data){.schema = as_model.like}, cases[i].schema);
        nn_dataset *new = table(cases[i].new_row, &as_model);
        const nn_data row = nn_dataset_data(new);
        ck_assert_int_eq(nn_classifier_evaluate(c, &row).status, AD_OK);
        ck_assert_int_eq(read_text(new, cases[i].refused, &as_model), AD_BAD_FILE);
        ck_assert_ptr_nonnull(strstr(nn_dataset_message(new), " was not in the training data ("));
        nn_dataset_close(new);
        nn_dataset_close(set);
        nn_classifier_close(c);
    }
}
END_TEST

/* A mark of a missing value makes texts of whole numbers. */
START_TEST(a_label_that_makes_texts_is_told)
{
    char text[4000] = "x,class\n";
    const nn_csv_options options = {.label = "class"};
    for (int i = 0; i < 18; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%s\n", i, i == 5 ? "NA" : i % 2 ? "7" : "-8");
    nn_dataset *set = table(text, &options);
    ck_assert_str_eq(nn_dataset_notes(set),
                     "train.csv: labels of \"class\" are texts because of \"NA\" (line 7); 17 of "
                     "18 are whole numbers");
    nn_dataset_close(set);
    strcat(text, "1,4.5\n1,1\n"); /* 18 of 20 are nine in ten */
    set = table(text, &options);
    ck_assert_str_eq(nn_dataset_notes(set),
                     "train.csv: labels of \"class\" are texts because of \"NA\" (line 7); 18 of "
                     "20 are whole numbers");
    nn_dataset_close(set);
    strcat(text, "1,y\n");
    set = table(text, &options);
    ck_assert_str_eq(nn_dataset_notes(set), "");
    nn_dataset_close(set);
    set = table("x,class\n1,2\n2,3\n", &options);
    ck_assert_str_eq(nn_dataset_notes(set), "");
    nn_dataset_close(set);
}
END_TEST

START_TEST(levels_of_like_are_texts)
{
    const char *const one[] = {"red", NULL};
    const nn_column none[] = {{.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = {NULL, 2}}},
                    hole[] = {{.name = "colour", .kind = NN_COLUMN_LABEL, .levels = {one, 2}}};
    expect_refused("colour\nred\n", &(nn_csv_options){.like = NN_SCHEMA(none)}, AD_BAD_VALUE,
                   "like: column \"colour\": level 0 of 2 is NULL; give each level a text");
    expect_refused("colour\nred\n", &(nn_csv_options){.like = NN_SCHEMA(hole)}, AD_BAD_VALUE,
                   "like: column \"colour\": level 1 of 2 is NULL; give each level a text");
}
END_TEST

/* A category that looks like a number, and a number that does not. */
START_TEST(kinds_are_those_of_the_model)
{
    nn_csv_options options = as_trained;
    options.label = "class"; /* as the model has it */
    options.numeric = (nn_texts)LIST("age");
    options.categorical = (nn_texts)LIST("auto");
    nn_dataset *set = table("age,colour,fare,class\n1,7,2,red\n", &options);
    expect_schema(nn_dataset_data(set),
                  "age number, colour category [red green blue 7], fare number, class label [red 2 1]");
    nn_dataset_close(set);
    set = table("age,colour,fare\n1,7,2\n", &options); /* rows to predict */
    ck_assert_str_eq(nn_dataset_notes(set), "train.csv: there is no column \"class\": rows have no label");
    ck_assert_ptr_null(nn_dataset_data(set).labels);
    ck_assert_ptr_null(nn_dataset_data(set).label_texts);
    nn_dataset_close(set);
    options.weight = "w";
    set = table("age,colour,fare,key\n1,7,2,3\n", &options);
    ck_assert_str_eq(nn_dataset_notes(set), "train.csv: there is no column \"class\": rows have no label\n"
                                            "train.csv: there is no column \"w\": rows have no weight\n"
                                            "train.csv: left out are columns that the model does not have: \"key\"");
    nn_dataset_close(set);
    options.weight = NULL;
    options.label = NULL;
    expect_refused("age,colour,fare\nx,7,2\n", &options, AD_BAD_FILE,
                   "train.csv:2:1: 'x' in column \"age\" is not a number");
}
END_TEST

START_TEST(wrong_uses_of_like_are_refused)
{
    nn_csv_options o = as_trained;
    expect_refused("colour,fare\nred,1\n", &o, AD_BAD_FILE, "train.csv has no column \"age\", which the model needs");
    expect_refused("colour,x\nred,1\n", &o, AD_BAD_FILE,
                   "train.csv has no column \"age\", which the model needs (it also lacks: \"fare\")");
    expect_refused("x\n1\n", &o, AD_BAD_FILE,
                   "train.csv has no column \"age\", which the model needs (it also lacks: \"colour\", \"fare\")");
    o.ignored = (nn_texts)LIST("age");
    expect_refused(
        "age,colour,fare\n1,red,2\n", &o, AD_BAD_VALUE,
        "train.csv: column \"age\" is two things: a column of the model and ignored; leave it out of one of them");
    o = as_trained;
    o.label = "x";
    expect_refused(
        "age,colour,fare,class,x\n1,red,2,3,4\n", &o, AD_BAD_VALUE,
        "train.csv: two columns are the label: \"class\" (a column of the model) and \"x\" (label); name the same one, or "
        "ignore one");
    o = as_trained;
    o.categorical = (nn_texts)LIST("x");
    expect_refused("age,colour,fare,x\n1,red,2,3\n", &o, AD_BAD_VALUE,
                   "the model has no column \"x\", which is a feature by the option categorical; leave it out there");
    const nn_column nameless[] = {{.kind = NN_COLUMN_NUMBER, .width = 3}};
    const nn_column wide[] = {{.name = "a", .kind = NN_COLUMN_NUMBER, .width = 3}};
    const nn_column unknown[] = {{.name = "a", .kind = NN_COLUMN_KIND_COUNT}};
    const nn_column twice[] = {{.name = "a"}, {.name = "a"}};
    expect_refused("a\n1\n", &(nn_csv_options){.like = NN_SCHEMA(nameless)}, AD_BAD_VALUE,
                   "like: column 1 has no name, and columns of a table are found by their names; leave like out, and "
                   "columns are taken by their places");
    expect_refused(
        "a\n1\n", &(nn_csv_options){.like = NN_SCHEMA(wide)}, AD_BAD_VALUE,
        "like: column \"a\" is of kind 0 and width 3; a column of a table has a kind of the list and width 1");
    expect_refused(
        "a\n1\n", &(nn_csv_options){.like = NN_SCHEMA(unknown)}, AD_BAD_VALUE,
        "like: column \"a\" is of kind 7 and width 0; a column of a table has a kind of the list and width 1");
    expect_refused("a\n1\n", &(nn_csv_options){.like = NN_SCHEMA(twice)}, AD_BAD_VALUE,
                   "train.csv: column \"a\" is named twice by the model; name it once");
    expect_refused("age,colour,fare,age\n1,red,2,3\n", &as_trained, AD_BAD_FILE,
                   "train.csv:1: two columns are called \"age\" (1 and 4); rename one");
}
END_TEST

/* ---- The table of options ---------------------------------------------------------------------------------------- */

START_TEST(options_are_fields)
{
    const nn_fields fields = nn_csv_fields();
    const char *const names[] = {"delimiter",    "decimal",     "no_header", "header", "missing",
                                 "keep_missing", "label",       "targets",   "weight", "ids",
                                 "ignored",      "categorical", "numeric",   "as_f32"};
    ck_assert_uint_eq(fields.n, COUNT(names));
    for (size_t i = 0; i < fields.n; i++) {
        ck_assert_str_eq(fields.at[i].name, names[i]);
        ck_assert(*fields.at[i].meaning != 0);
    }
    const nn_csv_options o = {.label = "y", .as_f32 = true};
    ck_assert_str_eq(*(const char *const *)((const char *)&o + fields.at[6].offset), "y");
    ck_assert_int_eq(fields.at[6].type, NN_FIELD_TEXT);
    ck_assert(*(const bool *)((const char *)&o + fields.at[13].offset));
    ck_assert_int_eq(fields.at[13].type, NN_FIELD_SWITCH);
    ck_assert_int_eq(fields.at[7].type, NN_FIELD_TEXTS);
    ck_assert_int_eq(fields.at[9].type, NN_FIELD_TEXTS);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, names_are_before_places);
    tcase_add_test(tests, ignored_columns_may_have_any_name);
    tcase_add_test(tests, names_are_found_as_they_are_written);
    tcase_add_test(tests, options_that_are_none_are_refused);
    tcase_add_test(tests, many_columns_are_not_all_listed);
    tcase_add_test(tests, wrong_headers_are_refused);
    tcase_add_test(tests, columns_match_by_name);
    tcase_add_test(tests, what_is_no_feature_may_be_missing);
    tcase_add_test(tests, columns_that_the_model_does_not_know_are_left_out);
    tcase_add_test(tests, several_columns_name_a_row);
    tcase_add_test(tests, notes_go_with_their_read);
    tcase_add_test(tests, doubtful_categories_are_told);
    tcase_add_test(tests, categories_of_many_levels_are_told);
    tcase_add_test(tests, labels_that_the_model_does_not_know_are_refused);
    tcase_add_test(tests, labels_are_what_the_classes_are);
    tcase_add_test(tests, what_is_true_of_rows_may_be_ignored);
    tcase_add_test(tests, a_classifier_knows_its_classes);
    tcase_add_test(tests, a_label_that_makes_texts_is_told);
    tcase_add_test(tests, levels_of_like_are_texts);
    tcase_add_test(tests, kinds_are_those_of_the_model);
    tcase_add_test(tests, wrong_uses_of_like_are_refused);
    tcase_add_test(tests, options_are_fields);
}

int main(void) { return run_tests("columns of tables as text", add_tests); }
