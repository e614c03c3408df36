/* Boundary lines and parts in any octets: every instruction set gives the records that the scalar code gives, a stream that was cut gives those of
 * the whole, and nothing outside of a window is read. */

#include "stream.h"

static const uint8_t DELIMITER[] = "--b";

/* Scan pieces one after the other, the unsettled rest of each in front of the next. */
static void run(stream *s, uint32_t isa, const uint8_t *data, const size_t *edges, size_t pieces) {
    const size_t width = 3;
    size_t held = edges[0];
    int flags = SMIME_SCAN_LINE_START;
    s->count = 0;
    for (size_t i = 0; i <= pieces; i++) {
        size_t end = i < pieces ? edges[i + 1] : edges[pieces], n = end - held, position = 0;
        uint8_t *src = exact(data + held, n);
        int final = i == pieces ? SMIME_SCAN_FINAL : 0;
        for (;;) {
            int64_t out[CAP * 3 + 1];
            int found = smime_parts_boundary(isa, src, position, n, DELIMITER, 3, flags | final, out, CAP);
            size_t settled, last = ((size_t)found - 1) * width;
            CHECK(found >= 0 && found <= CAP);
            settled = (size_t)out[(size_t)found * width];
            CHECK(settled >= position && settled <= n);
            for (size_t k = 0; k < (size_t)found; k++)
                keep(s, out + k * width, 3, 0x05, (int64_t)held);
            if (found || settled > position) {
                flags = found && out[last + 2] == (int64_t)settled && (out[last + 1] & 3) != SMIME_PARTS_PREFIX ? SMIME_SCAN_LINE_START : 0;
            }
            position = settled;
            if (found < CAP) break;
        }
        if (final) CHECK(position == n);
        held += position;
        free(src);
    }
}

/* The parts of a message: the same on every instruction set, in order, each inside the one that holds it. */
static void check_message(const uint8_t *src, size_t size) {
    enum { PARTS = 32 };
    int64_t out[2][PARTS * SMIME_PARTS_RECORD];
    int found = smime_parts_index(SMIME_ISA_SCALAR, src, size, 100, 1000, out[0], PARTS);
    CHECK(found >= -1 && found <= PARTS);
    for (uint32_t isa = 1; isa < ISAS; isa++) {
        if (!(smime_isas() >> isa & 1)) continue;
        CHECK(smime_parts_index(isa, src, size, 100, 1000, out[1], PARTS) == found);
        if (found > 0) CHECK(!memcmp(out[0], out[1], sizeof(int64_t) * (size_t)found * SMIME_PARTS_RECORD));
    }
    for (int k = 0; k < found; k++) {
        const int64_t *part = out[0] + k * SMIME_PARTS_RECORD;
        CHECK(part[0] >= 0 && part[0] <= k && part[1] >= 0 && part[1] <= part[2] && part[2] <= part[3] && part[3] <= part[4]);
        CHECK(part[4] <= (int64_t)size && part[5] <= part[6] && part[6] <= (int64_t)size && part[7] <= part[8]);
        if (k) CHECK(part[0] <= part[0 - SMIME_PARTS_RECORD] + 1 && part[1] >= part[1 - SMIME_PARTS_RECORD]);
    }
}

/* A body of two parts: the same on every instruction set, and its places in order. */
static void check_two_parts(const uint8_t *src, size_t size) {
    static const int ORDER[] = {0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14};
    int64_t out[2][SMIME_PARTS_TWO];
    const int found = smime_parts_two(SMIME_ISA_SCALAR, src, size, DELIMITER, 3, 100, 1000, out[0]);
    for (uint32_t isa = 1; isa < ISAS; isa++) {
        if (!(smime_isas() >> isa & 1)) continue;
        CHECK(smime_parts_two(isa, src, size, DELIMITER, 3, 100, 1000, out[1]) == found);
        if (found) CHECK(!memcmp(out[0], out[1], sizeof out[0]));
    }
    if (!found) return;
    for (size_t k = 1; k < sizeof ORDER / sizeof *ORDER; k++)
        CHECK(out[0][ORDER[k - 1]] <= out[0][ORDER[k]]);
    CHECK(out[0][0] >= 0 && out[0][14] <= (int64_t)size);
    for (int part = 1; part <= 7; part += 6) {
        const int64_t *place = out[0] + part;
        CHECK(place[3] < 0 ? place[4] < 0 : place[0] <= place[3] && place[3] <= place[4] && place[4] <= place[1]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cuts c = take_cuts(&data, &size, 8);
    const size_t whole[] = {0, size};
    stream expected = new_stream(), other = new_stream();
    uint8_t *src = exact(data, size);
    int64_t lines[2][CAP * 3 + 1];
    int found;
    if (size > 4000) size = 4000;
    for (uint32_t isa = 0; isa < ISAS; isa++) {
        if (!(smime_isas() >> isa & 1)) continue;
        run(&expected, SMIME_ISA_SCALAR, data, whole, 1);
        run(&other, isa, data, c.edges, c.pieces);
        if (c.edges[c.pieces] == size) same(&expected, &other);
        found = smime_parts_dash_lines(SMIME_ISA_SCALAR, src, 0, size, 1, lines[0], CAP);
        CHECK(smime_parts_dash_lines(isa, src, 0, size, 1, lines[1], CAP) == found);
        CHECK(!memcmp(lines[0], lines[1], sizeof(int64_t) * ((size_t)found * 3 + 1)));
    }
    check_message(src, size);
    check_two_parts(src, size);
    free(src);
    free(expected.records);
    free(other.records);
    return 0;
}
