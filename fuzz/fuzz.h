/* What the fuzz targets share: buffers of exact size, so that a sanitizer sees every octet read or written outside; cuts; instruction sets.
 */
#ifndef SMIME_FUZZ_H
#define SMIME_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smime_api.h"

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

enum { ISAS = 4 };

/* A copy of some octets that ends where its memory ends. */
static inline uint8_t *exact(const uint8_t *octets, size_t n) {
    uint8_t *copy = malloc(n ? n : 1);
    CHECK(copy);
    if (n) memcpy(copy, octets, n);
    return copy;
}

/* Up to four cuts of a message of n octets, from the first octets of the input. */
typedef struct {
    size_t edges[6];
    size_t pieces;
} cuts;

static inline cuts take_cuts(const uint8_t **data, size_t *size, size_t head) {
    cuts c = {{0}, 1};
    uint8_t raw[8] = {0};
    if (*size < head) head = *size;
    if (head > 8) head = 8;
    memcpy(raw, *data, head);
    *data += head;
    *size -= head;
    for (size_t i = 0; i + 1 < head && c.pieces < 5; i += 2) {
        size_t at = (size_t)(raw[i] | raw[i + 1] << 8) % (*size + 1);
        if (at < c.edges[c.pieces - 1]) at = c.edges[c.pieces - 1];
        c.edges[c.pieces++] = at;
    }
    c.edges[c.pieces] = *size;
    return c;
}

#endif
