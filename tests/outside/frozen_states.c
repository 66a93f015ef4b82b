/* A state that C code assigns from a result, in three ways of which a replay knew nothing: from another state that was
 * assigned from a result, from a result that a return to a position drops, from a gradient that was not recorded.
 * Expected: the second replay is an error that names the state, by its number where it has no name. */
#include <gradtape/gradtape.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
    int bad = 0;
    for (int way = 0; way < 6; way++) {
        ad_tape *t = ad_tape_open(NULL);
        const ad_tensor s = ad_state(t, AD_F64, AD_SCALAR, (double[]){1}, way < 3 ? "mean" : NULL);
        const ad_tensor between = ad_state(t, AD_F64, AD_SCALAR, NULL, "between");
        const ad_tensor w = ad_variable(t, AD_F64, AD_SCALAR, (double[]){2}), y = ad_mul(ad_square(w), s);
        if (way % 3 == 0) {
            ad_assign(between, ad_f64(y));
            ad_assign(s, ad_f64(between));
        } else if (way % 3 == 1) {
            const ad_position p = ad_position_now(t);
            ad_assign(s, ad_f64(ad_exp(y)));
            ad_return_to(t, p, NULL, 0);
        } else {
            ad_backward(y);
            ad_assign(s, ad_f64(ad_gradient(w)));
        }
        const ad_status first = ad_replay(t), second = ad_replay(t);
        printf("%s, %s %s\n", ad_status_name(first), ad_status_name(second), ad_message(t));
        bad |= first != AD_OK || second != AD_BAD_STATE;
        bad |= !strstr(ad_message(t), way < 3 ? "mean was assigned" : "state k0 was assigned");
        ad_tape_close(t);
    }
    return bad;
}
