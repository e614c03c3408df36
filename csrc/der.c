/* Flat index of a BER/DER structure: one pass, no recursion, every length checked against what holds it. */

#include "internal.h"

enum { TAG = 0, START = 1, CONTENT = 2, STOP = 3, END = 4, NEXT = 5, FIELDS = 6 };

#define NONE UINT32_MAX
#define MAX_TAG_NUMBER ((1u << 24) - 1)

typedef struct {
    size_t limit;          /* end of what may stand inside */
    size_t opened;         /* offset of the element */
    size_t previous_start; /* the child before, if previous_end is not 0 */
    size_t previous_end;
    uint32_t position; /* in the index, NONE if it is not reported */
    uint8_t bounded;   /* the limit is the end of an element, not of the input */
    uint8_t indefinite;
    uint8_t set;
} level;

/* == what DER asks of content octets, as far as a universal tag tells (X.690 sections 8, 10 and 11) == */

static int der_content(const uint8_t *src, uint32_t tag, size_t content, size_t stop) {
    size_t size = stop - content;

    switch (tag) {
    case 0x28: /* EXTERNAL, EMBEDDED PDV, SEQUENCE, SET, CHARACTER STRING: always constructed */
    case 0x2B:
    case 0x30:
    case 0x31:
    case 0x3D: return 1;
    case 0x08:
    case 0x0B:
    case 0x10:
    case 0x11:
    case 0x1D: return 0;
    case 0x01: return size == 1 && (src[content] == 0 || src[content] == 0xFF);
    case 0x02:
    case 0x0A:
        if (size < 2) {
            return size == 1;
        }
        return !(src[content] == 0 && src[content + 1] < 0x80) && !(src[content] == 0xFF && src[content + 1] >= 0x80);
    case 0x03:
        if (size == 0) {
            return 0;
        }
        if (src[content] == 0) {
            return 1;
        }
        return src[content] < 8 && size > 1 && (src[stop - 1] & ((1u << src[content]) - 1)) == 0;
    case 0x05: return size == 0;
    case 0x06: return smime_is_identifier(src, content, stop);
    case 0x17: return size == 13 && src[stop - 1] == 'Z';
    case 0x18:
        if (size < 15 || src[stop - 1] != 'Z') {
            return 0;
        }
        return size == 15 || (size >= 17 && src[content + 14] == '.' && src[stop - 2] != '0');
    default: return tag >= 0x40 || !(tag & 0x20); /* strings are primitive */
    }
}

static uint64_t tag_key(const uint8_t *src, size_t at) {
    uint64_t class = (uint64_t)(src[at] & 0xC0) << 32;
    uint32_t number = src[at] & 0x1F;

    if (number == 0x1F) {
        number = 0;
        do {
            at++;
            number = number << 7 | (src[at] & 0x7F);
        } while (src[at] & 0x80);
    }
    return class | number;
}

/* Two neighbours in a SET stand right as a SET OF by their octets, or as a SET by their tags (X.690 sections 10.3 and 11.6). */
static int in_order(const uint8_t *src, size_t start, size_t end, size_t next_start, size_t next_end) {
    size_t size = end - start, next_size = next_end - next_start;
    int order = memcmp(src + start, src + next_start, size < next_size ? size : next_size);

    return order < 0 || (order == 0 && size <= next_size) || tag_key(src, start) < tag_key(src, next_start);
}

/* == the index == */

#define FAIL(status, where)                                                                                                                \
    do {                                                                                                                                   \
        result->offset = (where);                                                                                                          \
        return (status);                                                                                                                   \
    } while (0)

int smime_der_index(const uint8_t *src, size_t start, size_t end, uint64_t depth, uint64_t elements, uint32_t leaf, int inside,
                    int siblings, uint32_t *index, size_t cap, smime_der_result *result) {
    level levels[SMIME_DER_DEPTH + 1];
    level *top = levels; /* levels[0] is the input itself */
    size_t at = start, begin, stop, length = 0, octets;
    size_t out = 0; /* next place in the index */
    uint32_t tag, number;
    uint64_t count = 0;
    int der, open_ended, status;
    uint8_t identifier, octet;

    if (depth > SMIME_DER_DEPTH) {
        depth = SMIME_DER_DEPTH;
    }
    cap *= FIELDS;
    result->non_der = UINT64_MAX;
    result->count = 0;
    top->limit = end;
    top->opened = start;
    top->previous_start = top->previous_end = 0;
    top->position = NONE;
    top->bounded = top->indefinite = top->set = 0;

    for (;;) {
        /* ends of open elements of definite length */
        while (top != levels && !top->indefinite && at == top->limit) {
            begin = top->opened;
            if (top->position != NONE) {
                index[top->position + NEXT] = (uint32_t)out;
            }
            top--;
            if (top->set && top->previous_end && result->non_der == UINT64_MAX &&
                !in_order(src, top->previous_start, top->previous_end, begin, at)) {
                result->non_der = begin;
            }
            top->previous_start = begin;
            top->previous_end = at;
        }
        if (top == levels && (siblings ? at == end : at != start)) {
            break;
        }

        /* identifier octets */
        begin = at;
        if (at >= top->limit) {
            FAIL(top->bounded ? SMIME_DER_NO_END : SMIME_DER_TRUNCATED, at);
        }
        status = top->bounded ? SMIME_DER_BEYOND_PARENT : SMIME_DER_TRUNCATED; /* of what does not fit */
        identifier = src[at++];
        tag = identifier;
        if (SMIME_UNLIKELY((identifier & 0x1F) == 0x1F)) {
            number = 0;
            do {
                if (at >= top->limit) {
                    FAIL(status, begin);
                }
                octet = src[at++];
                if (octet == 0x80 && number == 0) {
                    FAIL(SMIME_DER_BAD_TAG, begin);
                }
                number = number << 7 | (octet & 0x7F);
                if (number > MAX_TAG_NUMBER) {
                    FAIL(SMIME_DER_BAD_TAG, begin);
                }
            } while (octet & 0x80);
            if (number < 0x1F) {
                FAIL(SMIME_DER_BAD_TAG, begin);
            }
            tag = number << 8 | identifier;
        }

        /* length octets */
        if (at >= top->limit) {
            FAIL(status, begin);
        }
        length = src[at++];
        der = 1;
        open_ended = length == 0x80;
        if (open_ended) {
            length = 0;
            der = 0;
        } else if (length > 0x80) {
            octets = length & 0x7F;
            if (octets == 0x7F) {
                FAIL(SMIME_DER_BAD_LENGTH, begin);
            }
            if (octets > top->limit - at) {
                FAIL(status, begin);
            }
            der = src[at] != 0;
            for (length = 0; octets; octets--) {
                if (length >> 32) {
                    break; /* it cannot fit, whatever follows */
                }
                length = length << 8 | src[at++];
            }
            at += octets;
            der = der && length >= 0x80;
        }

        /* end-of-contents octets */
        if (SMIME_UNLIKELY(tag == 0)) {
            if (open_ended || length) {
                FAIL(SMIME_DER_BAD_TAG, begin);
            }
            if (top == levels && siblings) {
                at = begin;
                break;
            }
            if (!top->indefinite || at != begin + 2) {
                FAIL(SMIME_DER_UNEXPECTED_END, begin);
            }
            if (top->position != NONE) {
                index[top->position + STOP] = (uint32_t)begin;
                index[top->position + END] = (uint32_t)at;
                index[top->position + NEXT] = (uint32_t)out;
            }
            begin = top->opened;
            top--;
            top->previous_start = begin;
            top->previous_end = at;
            continue;
        }

        if (length > top->limit - at) {
            FAIL(status, begin);
        }
        if (open_ended && !(identifier & 0x20)) {
            FAIL(SMIME_DER_INDEFINITE_PRIMITIVE, begin);
        }
        if (++count > elements) {
            FAIL(SMIME_DER_TOO_MANY, begin);
        }
        stop = at + length;
        if (result->non_der == UINT64_MAX && !(der && der_content(src, tag, at, stop))) {
            result->non_der = begin;
        }
        number = NONE; /* its place in the index */
        if ((uint32_t)(top - levels) <= leaf) {
            if (out == cap) {
                return SMIME_FULL;
            }
            number = (uint32_t)out;
            index[out + TAG] = tag;
            index[out + START] = (uint32_t)begin;
            index[out + CONTENT] = (uint32_t)at;
            index[out + STOP] = (uint32_t)stop;
            index[out + END] = (uint32_t)stop;
            out += FIELDS;
            index[number + NEXT] = (uint32_t)out;
        }
        if ((identifier & 0x20) && (open_ended || inside || (uint32_t)(top - levels) < leaf)) {
            if ((uint32_t)(top - levels) >= depth) {
                FAIL(SMIME_DER_TOO_DEEP, begin);
            }
            top++;
            top->limit = open_ended ? top[-1].limit : stop;
            top->bounded = open_ended ? top[-1].bounded : 1;
            top->indefinite = (uint8_t)open_ended;
            top->position = number;
            top->opened = begin;
            top->previous_end = 0;
            top->set = tag == 0x31;
            continue;
        }
        at = stop;
        if (top->set && top->previous_end && result->non_der == UINT64_MAX &&
            !in_order(src, top->previous_start, top->previous_end, begin, at)) {
            result->non_der = begin;
        }
        top->previous_start = begin;
        top->previous_end = at;
    }
    result->count = out / FIELDS;
    result->offset = at;
    return SMIME_OK;
}
