/* What the fuzz targets of the windowed scanners share: a stream that is cut, its records with offsets in the stream. */
#ifndef SMIME_FUZZ_STREAM_H
#define SMIME_FUZZ_STREAM_H

#include "fuzz.h"

enum { CAP = 16, RECORDS = 4096 };

typedef struct {
    int64_t *records;
    size_t count; /* integers */
} stream;

static inline stream new_stream(void) {
    stream s = {malloc(sizeof(int64_t) * (RECORDS + 1) * 8), 0};
    CHECK(s.records);
    return s;
}

/* Keep a record; bit i of shifted says that its number i is an offset. */
static inline void keep(stream *s, const int64_t *record, size_t width, unsigned shifted, int64_t offset) {
    CHECK(s->count + width <= RECORDS * 8);
    for (size_t i = 0; i < width; i++)
        s->records[s->count++] = record[i] + (shifted >> i & 1 ? offset : 0);
}

static inline void same(const stream *a, const stream *b) {
    CHECK(a->count == b->count && !memcmp(a->records, b->records, a->count * sizeof *a->records));
}

#endif
