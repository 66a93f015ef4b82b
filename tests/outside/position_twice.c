/* position.h: "a position is used once". Expected: the second ad_return_to to it is AD_BAD_STATE. */
#include <gradtape/gradtape.h>
#include <stdio.h>
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_scalar(t, 1);
    const ad_position m = ad_position_now(t);
    ad_scalar(t, 2);
    ad_return_to(t, m, NULL, 0);
    ad_scalar(t, 3);
    const ad_status s = ad_return_to(t, m, NULL, 0);
    printf("%s, entries %zu\n", ad_status_name(s), ad_entry_count(t));
    ad_tape_close(t);
    return s != AD_BAD_STATE;
}
