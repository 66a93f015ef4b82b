#ifndef GRADTAPE_OPERATOR_H
#define GRADTAPE_OPERATOR_H
/* Operators of your own. One descriptor says everything about an operator. The library's operators have the same
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
 * The gradient rule is written in operators. An ordinary backward runs only their kernels. A differentiable backward
 * records the rule, so that its result can be differentiated again.
 *
 * The address of the descriptor identifies the operator. A descriptor is checked at its first use on a tape since the
 * last reset. It must stay unchanged while the tape has entries of it.
 *
 * In your kernels, shape rules and gradient rules these are errors (AD_BAD_STATE): ad_backward, ad_reset, ad_replay,
 * ad_feed of another shape, ad_propose, ad_commit, ad_local_gradient, segments, returning to a position from outside,
 * and changing a leaf from outside. docs/custom-operators.md says what they may do. */
#include <gradtape/position.h>
#include <gradtape/tensor.h>

/* Limits of a descriptor, and the arity of an operator of any number of operands. */
#define AD_MAX_ATTRIBUTES 4
#define AD_MAX_RESULTS 8 /* results and by-products together */
#define AD_VARIADIC (-1) /* an arity: any number of operands, at least one */
#define AD_SAMPLE_OPERANDS 6

/* ---- Attributes: the arguments of a call beside its operands ----------------------------------------------------- */

/* The axes that an operator works over. A negative axis counts from the last. `count` 0 means all axes. AD_AXES(0, 2)
 * removes the axes from the result; AD_KEEP_AXES(0, 2) keeps each with size 1. */
typedef struct ad_axes {
    int count;
    bool keep;
    int axis[AD_MAX_RANK];
} ad_axes;
#define AD_AXES(...) ((ad_axes){.count = (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), .axis = {__VA_ARGS__}})
#define AD_KEEP_AXES(...)                                                                                              \
    ((ad_axes){.count = (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), .keep = true, .axis = {__VA_ARGS__}})
/* All axes; the result is a scalar. */
#define AD_ALL_AXES ((ad_axes){.count = 0})

/* The type of an attribute; it says which member of ad_attribute is used. */
typedef enum ad_attribute_kind {
    AD_ATTRIBUTE_NONE,
    AD_ATTRIBUTE_REAL,
    AD_ATTRIBUTE_INTEGER,
    AD_ATTRIBUTE_AXES,
    AD_ATTRIBUTE_SHAPE,
    AD_ATTRIBUTE_TYPE,     /* in `integer` */
    AD_ATTRIBUTE_INTEGERS, /* a list in `shape`, whose rank is their number */
} ad_attribute_kind;

/* The value of an attribute. */
typedef union ad_attribute {
    double real;
    int64_t integer;
    ad_axes axes;
    ad_shape shape;
} ad_attribute;

/* ---- A call: the argument of a shape rule and of a kernel -------------------------------------------------------- *
 * The engine makes the call and the pullback below. Neither is ever NULL. */

/* One operand or result. `data` is set when the kernel runs; it is not yet set in the shape rule. */
typedef struct ad_value {
    void *data;
    const ad_shape *shape;
    uint8_t type;  /* an ad_type */
    uint8_t flags; /* this member and all below it are the engine's own */
    uint8_t result;
    uint8_t n_results;
    uint32_t n_operands;
} ad_value;

/* A descriptor; its members are below. */
typedef struct ad_operator ad_operator;

/* One application of an operator. */
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

/* For shape rules: sets the type and the shape of the j-th result. By-products follow the results. A shape rule calls
 * it once for each result and by-product, in order, and records nothing; anything else is an error. Afterwards the rule
 * may read y[j]. If the tape is in error, a result that was not given is a scalar of type f32 without data. */
AD_API void ad_result(ad_call *call, int j, ad_type type, const ad_shape *shape);

/* For shape rules and kernels: puts the tape in error (ad_fail) with a message that begins with the operator's name. */
AD_API void ad_call_fail(ad_call *call, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Ready-made shape rules. An operator without operands cannot use them: that is an error.
 * ad_same_shape: every result has the type and shape of operand 0.
 * ad_broadcast_shape: result 0 has the type of operand 0 and the shape to which all operands broadcast together.
 * ad_scalar_shape: result 0 is a scalar of the type of operand 0. */
AD_API void ad_same_shape(ad_call *call);
AD_API void ad_broadcast_shape(ad_call *call);
AD_API void ad_scalar_shape(ad_call *call);

/* Returns the number of elements of a value; 0 for NULL. */
AD_API size_t ad_elements(const ad_value *value);

/* For kernels: returns memory that lasts until the kernel ends, aligned to 64 bytes. Error: memory is out; the result
 * is then NULL. */
AD_API void *ad_scratch(ad_call *call, size_t count, size_t element_bytes);

/* ---- A pullback: the argument of a gradient rule ----------------------------------------------------------------- */

/* One run of a gradient rule. */
typedef struct ad_pullback ad_pullback;

/* Returns whether operand i wants a gradient. If not, a rule may skip the work for it. */
AD_API bool ad_wants(const ad_pullback *pullback, int i);

/* Adds g to the gradient of operand i. A g of the shape to which the operand was broadcast is summed back here, so that
 * rules of broadcasting operators need not do it. Does nothing if the operand wants no gradient. */
AD_API void ad_give(ad_pullback *pullback, int i, ad_tensor g);

/* Return the gradient of result 0 and of the j-th result: zeros if none was computed. */
AD_API ad_tensor ad_dy(ad_pullback *pullback);
AD_API ad_tensor ad_dy_at(ad_pullback *pullback, int j);

/* Returns whether a gradient of the j-th result was computed. If not, a rule may skip the work for it. */
AD_API bool ad_has_dy(const ad_pullback *pullback, int j);

/* Return operand i, and its shape. The shape belongs to the tape. */
AD_API ad_tensor ad_x(ad_pullback *pullback, int i);
AD_API const ad_shape *ad_x_shape(const ad_pullback *pullback, int i);

/* Return result 0 and the j-th result or by-product. */
AD_API ad_tensor ad_y(ad_pullback *pullback);
AD_API ad_tensor ad_y_at(ad_pullback *pullback, int j);

/* Returns the number of operands. */
AD_API int ad_x_count(const ad_pullback *pullback);

/* Returns the a-th attribute. Only the member of its kind may be read. */
AD_API const ad_attribute *ad_attribute_at(const ad_pullback *pullback, int a);

/* ---- The descriptor ---------------------------------------------------------------------------------------------- */

/* Properties of an operator, to be combined with |. */
typedef enum ad_property {
    AD_NOT_DIFFERENTIABLE = 1, /* results never want a gradient; no gradient rule is needed */
    AD_PIECEWISE_CONSTANT = 2, /* the gradient is 0 almost everywhere; the rule gives zeros */
    AD_STOPS = 4,              /* no gradient passes, as in detach */
    AD_VIEW = 8,               /* result 0 shares operand 0's data: same type, same number of elements, no kernel */
    AD_ELEMENTWISE = 16,       /* one result, element by element, broadcast from the operands, all of one type */
    AD_RANDOM = 32,            /* draws numbers: the last attribute is the number of the draw */
} ad_property;

/* The declaration of an attribute. */
typedef struct ad_attribute_spec {
    const char *name;
    ad_attribute_kind kind;
} ad_attribute_spec;

/* One call that the checks make of an operator. Values are drawn uniformly from the `domain` of the descriptor. */
typedef struct ad_sample {
    int n_x;
    ad_shape x[AD_SAMPLE_OPERANDS];
    ad_attribute attributes[AD_MAX_ATTRIBUTES];
} ad_sample;

/* The sample values of one operand. */
typedef struct ad_domain {
    double low, high; /* uniform in [low, high], both 0: [-2, 2]; for an i32 operand whole numbers low..high */
    double kink, gap; /* if gap > 0: values are at least `gap` away from `kink` */
    bool constant; /* the operator is constant in this operand almost everywhere: its gradient is exactly 0, and checks
                      do not move the operand, since a jump may be near */
    double diagonal; /* added on the diagonal of the matrices in the last two axes, which makes them regular */
    bool symmetric;  /* the matrices in the last two axes are symmetric: they are drawn so, and checks move them so */
} ad_domain;

struct ad_loops; /* the engine's own */
struct ad_part_rule;

/* Values of `linear`: linear in operand i, as in AD_LINEAR_IN(0) | AD_LINEAR_IN(2); linear in every operand. */
#define AD_LINEAR_IN(i) (1U << (i))
#define AD_LINEAR_IN_ALL (~0U)

/* A descriptor. Members that are left out are 0. */
struct ad_operator {
    const char *name;
    int arity;         /* number of operands, or AD_VARIADIC */
    int n_results;     /* 0 means 1 */
    int n_byproducts;  /* results for the rule only, never seen by the caller; they have no gradient: the rule treats
                          them as constants */
    const char *types; /* one letter an operand: 'r' real, 's' any, where all 'r' and 's' are of the same type; 'i' i32;
                          '*' any; the last one repeats; NULL: all 'r' */
    ad_attribute_spec attributes[AD_MAX_ATTRIBUTES];
    unsigned properties; /* of ad_property */
    unsigned linear;     /* bit i: linear in operand i, or linear plus a constant, while the others are held */
    void (*shape)(ad_call *call);
    void (*run)(ad_call *call);
    void (*vjp)(ad_pullback *pullback);
    /* Instead of vjp: the raw numeric gradient, for at most 8 operands.
     * - dy[j] is the gradient of result j, an array like call->y[j]: zeros if none was computed.
     * - The function writes every element of dx[i], an array like call->x[i]. dx[i] is NULL if operand i wants no
     *   gradient.
     * - The call has operands, results and by-products as `run` left them, attributes, and ad_scratch.
     * - The result can be differentiated once. A second time is an error that names the operator. */
    void (*backward)(ad_call *call, const void *const *dy, void *const *dx);
    const struct ad_loops *loops;     /* the engine's own: kernels by type and processor */
    const struct ad_part_rule *parts; /* the engine's own: a gradient rule as data */
    const char *formula;              /* "tanh x" */
    const char *gradient;             /* "(1 - y^2) dy" */
    const char *convention;           /* values and gradients at kinks and edges; NULL if there is nothing to say */
    const ad_sample *samples;
    int n_samples;
    ad_domain domain[AD_SAMPLE_OPERANDS];
};

/* Applies an operator to n operands and writes its results, without by-products, to `y`.
 * - `y` may be the array `x`.
 * - `attributes` has one element for each attribute that the descriptor declares. It is NULL if there is none.
 * - `tape` is needed only by an operator without operands. Others use the tape of their first operand and ignore it.
 * On an error all results are inert: operands that do not fit, a descriptor with a missing or wrong part
 * (AD_BAD_VALUE), or an error of the shape rule or the kernel. */
AD_API void ad_apply(ad_tape *tape, const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes,
                     ad_tensor *y);

/* Apply an operator of one result and no attributes to one, two and three operands. */
AD_API ad_tensor ad_apply1(const ad_operator *op, ad_tensor x);
AD_API ad_tensor ad_apply2(const ad_operator *op, ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_apply3(const ad_operator *op, ad_tensor a, ad_tensor b, ad_tensor c);

/* Returns the number of the library's operators. */
AD_API size_t ad_operator_count(void);

/* Return one of the library's operators, by its index in the order of names and by its name; NULL for an index out of
 * range or an unknown name. */
AD_API const ad_operator *ad_operator_at(size_t index);
AD_API const ad_operator *ad_operator_named(const char *name);

#endif
