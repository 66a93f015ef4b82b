#ifndef GRADTAPE_OPERATOR_H
#define GRADTAPE_OPERATOR_H
/* What an operator is. One descriptor holds an operator's whole truth, and the library's own are written with the same
 * descriptor as yours:
 *
 *   // y = x^3 :  dx = 3 x^2 dy
 *   static void cube_run(ad_call *c) { ... c->y[0]->data ... c->x[0]->data ... }
 *   static void cube_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_scale(ad_square(ad_x(p, 0)), 3), ad_dy(p))); }
 *   static const ad_operator cube = {
 *       .name = "cube", .arity = 1, .shape = ad_same_shape, .run = cube_run, .vjp = cube_vjp };
 *   ...
 *   ad_tensor y = ad_apply1(&cube, x);
 *
 * The gradient rule is written in operators: in an ordinary backward it costs just their kernels, in a differentiable
 * one it is recorded and can be differentiated again. An operator is known by the address of its descriptor.
 *
 * In kernels, shape rules and gradient rules of yours ad_backward, ad_reset, ad_replay, ad_feed of another shape,
 * ad_local_gradient, segments, marks from outside and changes of leaves from outside are errors (AD_BAD_STATE);
 * docs/custom-operators.md has what they may do. */
#include <gradtape/tensor.h>

#define AD_MAX_ATTRIBUTES 4
#define AD_MAX_RESULTS 8 /* results and by-products together */
#define AD_VARIADIC (-1) /* an arity: any number of operands, at least one */
#define AD_SAMPLE_OPERANDS 6

/* ---- Attributes: what a call carries beside its operands --------------------------------------------------------- */

/* Axes to work over; a negative axis counts from the last. `count` 0 means all axes. Write AD_AXES(0, 2) or
 * AD_KEEP_AXES(-1), which keeps each axis with size 1. */
typedef struct ad_axes {
    int count;
    bool keep;
    int axis[AD_MAX_RANK];
} ad_axes;
#define AD_AXES(...) ((ad_axes){.count = (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), .axis = {__VA_ARGS__}})
#define AD_KEEP_AXES(...)                                                                                              \
    ((ad_axes){.count = (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), .keep = true, .axis = {__VA_ARGS__}})
#define AD_ALL_AXES ((ad_axes){.count = 0})

typedef enum ad_attribute_kind {
    AD_ATTRIBUTE_NONE,
    AD_ATTRIBUTE_REAL,
    AD_ATTRIBUTE_INTEGER,
    AD_ATTRIBUTE_AXES,
    AD_ATTRIBUTE_SHAPE,
    AD_ATTRIBUTE_TYPE,     /* in `integer` */
    AD_ATTRIBUTE_INTEGERS, /* a list, in `shape`: rank is their number */
} ad_attribute_kind;

typedef union ad_attribute {
    double real;
    int64_t integer;
    ad_axes axes;
    ad_shape shape;
} ad_attribute;

/* ---- A call: what a shape rule and a kernel see ------------------------------------------------------------------ *
 * The engine makes it, as it makes the pullback below: neither is ever NULL. */

/* One operand or result. `data` is set when the kernel runs, not yet in the shape rule. */
typedef struct ad_value {
    void *data;
    const ad_shape *shape;
    uint8_t type;  /* an ad_type */
    uint8_t flags; /* this and what follows are the engine's own */
    uint8_t result;
    uint8_t n_results;
    uint32_t n_operands;
} ad_value;

typedef struct ad_operator ad_operator;

typedef struct ad_call {
    ad_tape *tape;
    const ad_operator *op;
    const ad_attribute *attributes;
    int n_x; /* operands */
    int n_y; /* results and by-products */
    ad_value *const *x;
    ad_value *const *y;
    void *frame; /* the engine's own */
} ad_call;

/* For shape rules: says what the j-th result (by-products follow the results) will be. They say it of each result once,
 * in order, and record nothing: either is else an error. */
AD_API void ad_result(ad_call *call, int j, ad_type type, const ad_shape *shape);

/* For shape rules and kernels: ad_fail with a message that begins with the operator's name. */
AD_API void ad_call_fail(ad_call *call, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Shape rules ready-made: every result like operand 0; result 0 as wide as all operands broadcast together; a scalar of
 * the type of operand 0. Without operands they are an error. */
AD_API void ad_same_shape(ad_call *call);
AD_API void ad_broadcast_shape(ad_call *call);
AD_API void ad_scalar_shape(ad_call *call);

/* The number of elements of a value; 0 for NULL. */
AD_API size_t ad_elements(const ad_value *value);

/* Memory for a kernel, for the time it runs; NULL if there is none (the tape is then in error). Aligned to 64 bytes. */
AD_API void *ad_scratch(ad_call *call, size_t count, size_t element_bytes);

/* ---- A pullback: what a gradient rule sees ----------------------------------------------------------------------- */

typedef struct ad_pullback ad_pullback;

/* Whether operand i wants a gradient: a rule may skip the work if not. */
AD_API bool ad_wants(const ad_pullback *pullback, int i);

/* Adds g to the gradient of operand i. A g that is as wide as the operand broadcast is summed back to its shape here,
 * so that rules of broadcasting operators need not care. What the operand does not want is ignored. */
AD_API void ad_give(ad_pullback *pullback, int i, ad_tensor g);

/* The gradient of result 0, or of the j-th result (zeros where none was computed). */
AD_API ad_tensor ad_dy(ad_pullback *pullback);
AD_API ad_tensor ad_dy_at(ad_pullback *pullback, int j);

/* Whether a gradient of the j-th result was computed: of several results a rule may skip the work for the others. */
AD_API bool ad_has_dy(const ad_pullback *pullback, int j);

/* Operand i; result 0; the j-th result or by-product; the number of operands; the a-th attribute, of which only the
 * member of its kind may be read. */
AD_API ad_tensor ad_x(ad_pullback *pullback, int i);
AD_API ad_tensor ad_y(ad_pullback *pullback);
AD_API ad_tensor ad_y_at(ad_pullback *pullback, int j);
AD_API int ad_x_count(const ad_pullback *pullback);
AD_API const ad_attribute *ad_attribute_at(const ad_pullback *pullback, int a);

/* ---- The descriptor ---------------------------------------------------------------------------------------------- */

typedef enum ad_property {
    AD_NOT_DIFFERENTIABLE = 1, /* results never want a gradient; there is no rule */
    AD_PIECEWISE_CONSTANT = 2, /* the gradient is 0 almost everywhere, and the rule says so */
    AD_STOPS = 4,              /* no gradient passes: detach */
    AD_VIEW = 8,               /* result 0 shares the data of operand 0, of its type and as many elements; no kernel */
    AD_ELEMENTWISE = 16,       /* one result, broadcast from the operands, element by element, all of one type */
    AD_RANDOM = 32,            /* draws numbers: the last attribute is the number of the draw */
} ad_property;

typedef struct ad_attribute_spec {
    const char *name;
    ad_attribute_kind kind;
} ad_attribute_spec;

/* One call to check an operator with. Values are drawn uniformly from the row's `domain`. */
typedef struct ad_sample {
    int n_x;
    ad_shape x[AD_SAMPLE_OPERANDS];
    ad_attribute attributes[AD_MAX_ATTRIBUTES];
} ad_sample;

/* Where sample values of an operand come from: uniform in [low, high], at least `gap` away from `kink` if gap > 0; for
 * an i32 operand whole numbers low..high. All zero: [-2, 2]. `constant` says that the operator is constant in this
 * operand almost everywhere: its gradient is then exactly 0, and it is not moved in checks, since a jump may be near.
 * `diagonal` is added on the diagonal of the matrices in the last two axes, which makes them regular; `symmetric` says
 * that they are symmetric, are drawn so and are moved so in checks. */
typedef struct ad_domain {
    double low, high, kink, gap;
    bool constant;
    double diagonal;
    bool symmetric;
} ad_domain;

struct ad_loops;

/* For `linear` of a row: linear in operand i, for instance AD_LINEAR_IN(0) | AD_LINEAR_IN(2); or in whatever operands
 * there are. */
#define AD_LINEAR_IN(i) (1U << (i))
#define AD_LINEAR_IN_ALL (~0U)

struct ad_operator {
    const char *name;
    int arity;         /* number of operands, or AD_VARIADIC */
    int n_results;     /* 0 means 1 */
    int n_byproducts;  /* kept for the rule, never seen by the caller; not differentiated, so the rule must not need it
                          to be */
    const char *types; /* one letter an operand: 'r' real (all of one type), 'i' i32, '*' any; NULL: all 'r'. The last
                          repeats */
    ad_attribute_spec attributes[AD_MAX_ATTRIBUTES];
    unsigned properties; /* of ad_property */
    unsigned linear;     /* bit i: linear, or linear and a constant, in operand i while the others are held */
    void (*shape)(ad_call *call);
    void (*run)(ad_call *call);
    void (*vjp)(ad_pullback *pullback);
    /* Instead of vjp: the gradient in numbers. dy[j] is the gradient of result j (zeros where none was computed), an
     * array like call->y[j]; the function writes every element of dx[i], an array like call->x[i], or NULL where no
     * gradient is wanted. call has operands, results and by-products as `run` left them, attributes, and ad_scratch. At
     * most 8 operands. The result can be differentiated once; a second time is an error that names the operator. */
    void (*backward)(ad_call *call, const void *const *dy, void *const *dx);
    const struct ad_loops *loops; /* the engine's own: kernels by type and processor */
    const char *formula;          /* "tanh x" */
    const char *gradient;         /* "(1 - y^2) dy" */
    const char *convention;       /* what holds at kinks and edges; NULL if there is nothing to say */
    const ad_sample *samples;
    int n_samples;
    ad_domain domain[AD_SAMPLE_OPERANDS];
};

/* Applies an operator to n operands and writes its results (not its by-products) to `y`, which may be the array `x`.
 * `attributes` has an element for each attribute that the descriptor declares, NULL if none. On an error all results
 * are inert. An operator without operands needs the tape; others take it from the first operand and ignore it. */
AD_API void ad_apply(ad_tape *tape, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
                     ad_tensor *y);

/* The same for one or two operands, one result and no attributes. */
AD_API ad_tensor ad_apply1(const ad_operator *op, ad_tensor x);
AD_API ad_tensor ad_apply2(const ad_operator *op, ad_tensor a, ad_tensor b);

/* The library's operators, in the order of their names; NULL past the end, or for a name that is not there. */
AD_API size_t ad_operator_count(void);
AD_API const ad_operator *ad_operator_at(size_t index);
AD_API const ad_operator *ad_operator_named(const char *name);

#endif
