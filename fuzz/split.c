/* A mail of any octets to be protected: the same cuts on every instruction set, in their order. */

#include "fuzz.h"

/* A mail to be split: the same on every instruction set, its cuts in order, and no more of them than there is room for. */
static void check_split(const uint8_t *src, size_t size) {
    enum { ROOM = 24 };
    int64_t out[2][ROOM];
    for (int safe = 0; safe <= 2; safe++) {
        const int found = smime_split_mail(SMIME_ISA_SCALAR, src, size, safe, 20, 1000, out[0], ROOM);
        for (uint32_t isa = 1; isa < ISAS; isa++) {
            if (!(smime_isas() >> isa & 1)) continue;
            CHECK(smime_split_mail(isa, src, size, safe, 20, 1000, out[1], ROOM) == found);
            CHECK(!memcmp(out[0], out[1], sizeof(int64_t) * (size_t)found));
        }
        if (!found) continue;
        CHECK(found >= 4 && found <= ROOM && out[0][0] >= 0 && (out[0][1] == 0 || out[0][1] == 1) && out[0][2] == 0);
        for (int k = 3; k < found; k++)
            CHECK(out[0][k - 1] < out[0][k]);
        CHECK(out[0][found - 1] < (int64_t)size && out[0][found - 1] <= 1000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *src = exact(data, size);
    check_split(src, size);
    free(src);
    return 0;
}
