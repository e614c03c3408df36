/* A mailbox of any octets: every instruction set gives the records that the scalar code gives, a stream that was cut gives those of the whole, and
 * nothing outside of a window is read. */

#include "stream.h"

/* Scan pieces one after the other, the unsettled rest of each in front of the next. */
static void run(stream *s, uint32_t isa, const uint8_t *data, const size_t *edges, size_t pieces) {
    const size_t width = SMIME_MBOX_RECORD;
    size_t held = edges[0];
    int flags = SMIME_SCAN_LINE_START | SMIME_MBOX_AFTER_EMPTY;
    int64_t quoted = 0, deep = 0;
    s->count = 0;
    for (size_t i = 0; i <= pieces; i++) {
        size_t end = i < pieces ? edges[i + 1] : edges[pieces], n = end - held, position = 0;
        uint8_t *src = exact(data + held, n);
        int final = i == pieces ? SMIME_SCAN_FINAL : 0;
        for (;;) {
            int64_t out[(CAP + 1) * SMIME_MBOX_RECORD + 1];
            int found = smime_mbox_lines(isa, src, position, n, flags | final, out, CAP);
            size_t settled, last = ((size_t)found - 1) * width;
            CHECK(found >= 0 && found <= CAP + 1);
            settled = (size_t)out[(size_t)found * width];
            CHECK(settled >= position && settled <= n);
            for (size_t k = 0; k < (size_t)found; k++) {
                int64_t *record = out + k * width;
                quoted += record[6];
                deep += record[7];
                if (record[0] >= 0) keep(s, record, 6, 0x0f, (int64_t)held);
            }
            if (found)
                flags = out[last] >= 0 && out[last + 2] == (int64_t)settled ? SMIME_SCAN_LINE_START : 0;
            else if (settled > position)
                flags = 0;
            position = settled;
            if (found < CAP) break;
        }
        if (final) CHECK(position == n);
        held += position;
        free(src);
    }
    s->records[s->count++] = quoted;
    s->records[s->count++] = deep;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cuts c = take_cuts(&data, &size, 8);
    const size_t whole[] = {0, size};
    stream expected = new_stream(), other = new_stream();
    if (size > 4000) size = 4000;
    for (uint32_t isa = 0; isa < ISAS; isa++) {
        if (!(smime_isas() >> isa & 1)) continue;
        run(&expected, SMIME_ISA_SCALAR, data, whole, 1);
        run(&other, isa, data, c.edges, c.pieces);
        if (c.edges[c.pieces] == size) same(&expected, &other);
    }
    free(expected.records);
    free(other.records);
    return 0;
}
