/* Any octets: every instruction set and every split gives the canonical text and the facts that a loop over the octets gives. */

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cuts c = take_cuts(&data, &size, 8);
    uint8_t *expected = malloc(2 * size + 1);
    size_t made = 0;
    uint64_t open = 0, longest = 0;
    uint32_t flags = 0;
    CHECK(expected);
    for (size_t i = 0; i < size; i++) {
        int after_cr = i && data[i - 1] == '\r';
        if (data[i] >= 0x80) flags |= SMIME_LINES_EIGHT_BIT;
        if (!data[i]) flags |= SMIME_LINES_NUL;
        if (data[i] == '\n') {
            if (after_cr)
                flags |= SMIME_LINES_CRLF;
            else
                expected[made++] = '\r';
            if (open > longest) longest = open;
            open = 0;
        } else {
            if (after_cr) {
                flags |= SMIME_LINES_BARE_CR;
                open++;
            }
            if (data[i] != '\r') open++;
        }
        expected[made++] = data[i];
    }
    for (uint32_t isa = 0; isa < ISAS; isa++) {
        if (!(smime_isas() >> isa & 1)) continue;
        smime_lines state;
        size_t at = 0;
        smime_lines_init(&state, isa);
        for (size_t i = 0; i < c.pieces; i++) {
            size_t n = c.edges[i + 1] - c.edges[i];
            uint8_t *src = exact(data + c.edges[i], n);
            size_t bare = (size_t)smime_lines_scan(&state, src, n);
            CHECK(bare <= n);
            uint8_t *dst = malloc(n + bare + 1);
            CHECK(smime_lines_expand(&state, src, n, bare, dst, n + bare) == (int64_t)(n + bare));
            CHECK(at + n + bare <= made && !memcmp(expected + at, dst, n + bare));
            at += n + bare;
            free(src);
            free(dst);
        }
        CHECK(at == made && state.flags == flags && state.longest == longest && state.open == open);
        CHECK(state.after_cr == (size && data[size - 1] == '\r'));
    }
    free(expected);
    return 0;
}
