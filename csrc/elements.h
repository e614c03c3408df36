/* Elements of definite length, read one after the other (X.690 section 8.1). Not for cffi.
 *
 * A reader has one sticky failure: what comes after it reads empty elements, so that a structure is written down as its grammar is and
 * asked once, at the end, whether all of it was there. For certificates and other structures in the usual form; der.c reads all forms. */
#ifndef SMIME_ELEMENTS_H
#define SMIME_ELEMENTS_H

#include "internal.h"

enum {
    TAG_BOOLEAN = 0x01,
    TAG_INTEGER = 0x02,
    TAG_BIT_STRING = 0x03,
    TAG_OCTET_STRING = 0x04,
    TAG_OBJECT_IDENTIFIER = 0x06,
    TAG_UTC_TIME = 0x17,
    TAG_GENERALIZED_TIME = 0x18,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_CONTEXT = 0xA0 /* constructed, number 0 */
};

typedef struct {
    const uint8_t *src;
    int failed;
} elements;

typedef struct {
    size_t start;   /* the identifier octet */
    size_t content; /* the first content octet */
    size_t end;
    size_t at; /* content that was not read yet */
    uint8_t tag;
} element;

static inline element whole_input(size_t n) {
    const element input = {0, 0, n, 0, 0};
    return input;
}

static inline size_t size_of(const element *e) { return e->end - e->content; }

static inline int has_more(const elements *r, const element *parent) { return !r->failed && parent->at < parent->end; }

/* The tag of the next element, 0 if there is none. */
static inline uint8_t next_tag(const elements *r, const element *parent) {
    return has_more(r, parent) ? smime_octet(r->src + parent->at) : 0;
}

/* Read the next element, which has a low tag and a definite length of four octets at most. */
static inline element take_any(elements *r, element *parent) {
    static const element NOTHING = {0, 0, 0, 0, 0};
    element e = NOTHING;
    size_t at = parent->at, length, octets;
    if (r->failed || parent->end - at < 2) goto failed;
    e.start = at;
    e.tag = smime_octet(r->src + at);
    length = smime_octet(r->src + at + 1);
    at += 2;
    if (length >= 0x80) {
        octets = length & 0x7F;
        if (octets < 1 || octets > 4 || octets > parent->end - at) goto failed;
        for (length = 0; octets; octets--) length = length << 8 | smime_octet(r->src + at++);
    }
    if (length > parent->end - at || (e.tag & 0x1F) == 0x1F) goto failed;
    e.content = e.at = at;
    e.end = parent->at = at + length;
    return e;
failed:
    r->failed = 1;
    return NOTHING;
}

static inline element take(elements *r, element *parent, uint8_t tag) {
    const element e = take_any(r, parent);
    if (e.tag != tag) r->failed = 1;
    return e;
}

/* Read an OBJECT IDENTIFIER of at most 64 octets. */
static inline element take_identifier(elements *r, element *parent) {
    const element e = take(r, parent, TAG_OBJECT_IDENTIFIER);
    if (size_of(&e) > 64 || !smime_is_identifier(r->src, e.content, e.end)) r->failed = 1;
    return e;
}

/* Nothing else is in an element. */
static inline void finish(elements *r, const element *parent) {
    if (parent->at != parent->end) r->failed = 1;
}

#endif
