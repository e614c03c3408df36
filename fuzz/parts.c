/* Any octets: every instruction set gives the records that the scalar code gives, a stream that was cut gives those of the whole, and nothing
 * outside of a window is read. */

#include "fuzz.h"

enum { CAP = 16, RECORDS = 4096 };

typedef struct {
    int64_t *records;
    size_t count; /* integers */
} stream;

static void keep(stream *s, const int64_t *record, size_t width, const int *shifted, int64_t offset) {
    CHECK(s->count + width <= RECORDS * 8);
    for (size_t i = 0; i < width; i++) s->records[s->count++] = record[i] + (shifted[i] ? offset : 0);
}

static const uint8_t DELIMITER[] = "--b";

/* Scan pieces one after the other, the unsettled rest of each in front of the next. */
static void run(stream *s, uint32_t isa, const uint8_t *data, const size_t *edges, size_t pieces, int mailbox) {
    static const int LINE[] = {1, 0, 1}, FROM[] = {1, 1, 1, 1, 0, 0};
    const size_t width = mailbox ? SMIME_SCAN_MBOX : 3;
    size_t held = edges[0];
    int flags = SMIME_SCAN_LINE_START | (mailbox ? SMIME_SCAN_AFTER_EMPTY : 0);
    int64_t quoted = 0, deep = 0;
    s->count = 0;
    for (size_t i = 0; i <= pieces; i++) {
        size_t end = i < pieces ? edges[i + 1] : edges[pieces], n = end - held, position = 0;
        uint8_t *src = exact(data + held, n);
        int final = i == pieces ? SMIME_SCAN_FINAL : 0;
        for (;;) {
            int64_t out[(CAP + 1) * SMIME_SCAN_MBOX + 1];
            int found = mailbox ? smime_scan_mbox(isa, src, position, n, flags | final, out, CAP)
                                : smime_scan_boundary(isa, src, position, n, DELIMITER, 3, flags | final, out, CAP);
            size_t settled, last = ((size_t)found - 1) * width;
            CHECK(found >= 0 && found <= CAP + mailbox);
            settled = (size_t)out[(size_t)found * width];
            CHECK(settled >= position && settled <= n);
            for (size_t k = 0; k < (size_t)found; k++) {
                int64_t *record = out + k * width;
                if (mailbox) {
                    quoted += record[6];
                    deep += record[7];
                    if (record[0] >= 0) keep(s, record, 6, FROM, (int64_t)held);
                } else {
                    keep(s, record, 3, LINE, (int64_t)held);
                }
            }
            if (mailbox) {
                if (found) flags = out[last] >= 0 && out[last + 2] == (int64_t)settled ? SMIME_SCAN_LINE_START : 0;
                else if (settled > position) flags = 0;
            } else if (found || settled > position) {
                flags = found && out[last + 2] == (int64_t)settled && (out[last + 1] & 3) != SMIME_SCAN_PREFIX ? SMIME_SCAN_LINE_START : 0;
            }
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

static void same(const stream *a, const stream *b) { CHECK(a->count == b->count && !memcmp(a->records, b->records, a->count * sizeof *a->records)); }

/* The parts of a message: the same on every instruction set, in order, each inside the one that holds it. */
static void check_message(const uint8_t *src, size_t size) {
    enum { PARTS = 32 };
    int64_t out[2][PARTS * SMIME_SCAN_PART];
    int found = smime_scan_message(SMIME_ISA_SCALAR, src, size, 100, 1000, out[0], PARTS);
    CHECK(found >= -1 && found <= PARTS);
    for (uint32_t isa = 1; isa < ISAS; isa++) {
        if (!(smime_isas() >> isa & 1)) continue;
        CHECK(smime_scan_message(isa, src, size, 100, 1000, out[1], PARTS) == found);
        if (found > 0) CHECK(!memcmp(out[0], out[1], sizeof(int64_t) * (size_t)found * SMIME_SCAN_PART));
    }
    for (int k = 0; k < found; k++) {
        const int64_t *part = out[0] + k * SMIME_SCAN_PART;
        CHECK(part[0] >= 0 && part[0] <= k && part[1] >= 0 && part[1] <= part[2] && part[2] <= part[3] && part[3] <= part[4]);
        CHECK(part[4] <= (int64_t)size && part[5] <= part[6] && part[6] <= (int64_t)size && part[7] <= part[8]);
        if (k) CHECK(part[0] <= part[0 - SMIME_SCAN_PART] + 1 && part[1] >= part[1 - SMIME_SCAN_PART]);
    }
}

/* A body of two parts: the same on every instruction set, and its places in order. */
static void check_two_parts(const uint8_t *src, size_t size) {
    static const int ORDER[] = {0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14};
    int64_t out[2][SMIME_SCAN_TWO];
    const int found = smime_scan_two_parts(SMIME_ISA_SCALAR, src, size, DELIMITER, 3, 100, 1000, out[0]);
    for (uint32_t isa = 1; isa < ISAS; isa++) {
        if (!(smime_isas() >> isa & 1)) continue;
        CHECK(smime_scan_two_parts(isa, src, size, DELIMITER, 3, 100, 1000, out[1]) == found);
        if (found) CHECK(!memcmp(out[0], out[1], sizeof out[0]));
    }
    if (!found) return;
    for (size_t k = 1; k < sizeof ORDER / sizeof *ORDER; k++) CHECK(out[0][ORDER[k - 1]] <= out[0][ORDER[k]]);
    CHECK(out[0][0] >= 0 && out[0][14] <= (int64_t)size);
    for (int part = 1; part <= 7; part += 6) {
        const int64_t *place = out[0] + part;
        CHECK(place[3] < 0 ? place[4] < 0 : place[0] <= place[3] && place[3] <= place[4] && place[4] <= place[1]);
    }
}

/* A mail to be split: the same on every instruction set, its cuts in order, and no more of them than there is room for. */
static void check_split(const uint8_t *src, size_t size) {
    enum { ROOM = 24 };
    int64_t out[2][ROOM];
    for (int safe = 0; safe <= 2; safe++) {
        const int found = smime_scan_split(SMIME_ISA_SCALAR, src, size, safe, 20, 1000, out[0], ROOM);
        for (uint32_t isa = 1; isa < ISAS; isa++) {
            if (!(smime_isas() >> isa & 1)) continue;
            CHECK(smime_scan_split(isa, src, size, safe, 20, 1000, out[1], ROOM) == found);
            CHECK(!memcmp(out[0], out[1], sizeof(int64_t) * (size_t)found));
        }
        if (!found) continue;
        CHECK(found >= 4 && found <= ROOM && out[0][0] >= 0 && (out[0][1] == 0 || out[0][1] == 1) && out[0][2] == 0);
        for (int k = 3; k < found; k++) CHECK(out[0][k - 1] < out[0][k]);
        CHECK(out[0][found - 1] < (int64_t)size && out[0][found - 1] <= 1000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cuts c = take_cuts(&data, &size, 8);
    const size_t whole[] = {0, size};
    stream expected = {malloc(sizeof(int64_t) * (RECORDS + 1) * 8), 0}, other = {malloc(sizeof(int64_t) * (RECORDS + 1) * 8), 0};
    uint8_t *src = exact(data, size);
    int64_t out[CAP * SMIME_SCAN_FIELD + 3], lines[2][CAP * 3 + 1], place[2];
    size_t position = 0;
    int found, hazards = smime_scan_hazards(SMIME_ISA_SCALAR, src, size);
    CHECK(expected.records && other.records);
    if (size > 4000) size = 4000;
    for (uint32_t isa = 0; isa < ISAS; isa++) {
        if (!(smime_isas() >> isa & 1)) continue;
        CHECK(smime_scan_hazards(isa, src, c.edges[c.pieces]) == hazards);
        for (int mailbox = 0; mailbox < 2; mailbox++) {
            run(&expected, SMIME_ISA_SCALAR, data, whole, 1, mailbox);
            run(&other, isa, data, c.edges, c.pieces, mailbox);
            if (c.edges[c.pieces] == size) same(&expected, &other);
        }
        found = smime_scan_dash_lines(SMIME_ISA_SCALAR, src, 0, size, 1, lines[0], CAP);
        CHECK(smime_scan_dash_lines(isa, src, 0, size, 1, lines[1], CAP) == found);
        CHECK(!memcmp(lines[0], lines[1], sizeof(int64_t) * ((size_t)found * 3 + 1)));
    }
    /* a header in batches: it moves on, and its records are in order */
    do {
        found = smime_scan_header(src, position, size, position == 0, out, CAP);
        CHECK(found >= 0 && found <= CAP);
        for (int k = 0; k < found; k++) {
            const int64_t *record = out + k * SMIME_SCAN_FIELD;
            CHECK(record[0] >= (int64_t)position && record[1] >= record[0] && record[2] >= record[1] && record[3] >= record[2]);
            CHECK(record[3] <= (int64_t)size);
        }
        position = (size_t)out[found * SMIME_SCAN_FIELD];
        CHECK(position <= size && out[found * SMIME_SCAN_FIELD + 1] >= (int64_t)position);
    } while (found == CAP);
    if (smime_scan_header_end(src, 0, size, place)) CHECK(place[0] < place[1] && place[1] <= (int64_t)size);
    found = smime_scan_parameters(src, size, out, CAP);
    for (int k = 0; k < found; k++) CHECK(out[k * 4] <= out[k * 4 + 1] && out[k * 4 + 2] <= out[k * 4 + 3] && out[k * 4 + 3] <= (int64_t)size);
    check_message(src, size);
    check_two_parts(src, size);
    check_split(src, size);
    free(src);
    free(expected.records);
    free(other.records);
    return 0;
}
