/* Resumable scanners of BER: the content of an OCTET STRING however it is segmented, and the end of anything of indefinite length. */

#include "internal.h"

/* what the next octet is */
enum { IDENTIFIER = 0, TAG_NUMBER = 1, LENGTH = 2, LENGTH_OCTETS = 3, SEGMENT = 4, DONE = 5 };

#define UNBOUNDED ((uint64_t)INT64_MAX)
#define MAX_TAG_NUMBER ((1u << 24) - 1)

#define FAIL(status, where)                                                                                                                \
    do {                                                                                                                                   \
        state->fault = (where);                                                                                                            \
        return (status);                                                                                                                   \
    } while (0)

/* == octets == */

void smime_ber_octets_init(smime_ber_octets *state, uint64_t position, uint64_t limit, uint64_t depth, uint64_t segments, uint8_t tag,
                           size_t copy_below) {
    memset(state, 0, sizeof *state);
    state->position = position;
    state->start = position;
    state->segments = segments;
    state->limits[0] = limit;
    state->depth = depth < SMIME_BER_LEVELS ? (uint32_t)depth : SMIME_BER_LEVELS;
    state->tag = tag;
    state->copy_below = copy_below;
}

static int push(smime_ber_octets *state, uint64_t limit, int indefinite) {
    if (state->levels >= state->depth) {
        FAIL(SMIME_DER_TOO_DEEP, state->start);
    }
    state->levels++;
    state->limits[state->levels] = limit;
    state->indefinite[state->levels] = (uint8_t)indefinite;
    state->inner = 1;
    return SMIME_OK;
}

int smime_ber_octets_update(smime_ber_octets *state, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap,
                            size_t *produced) {
    size_t at = 0, out = 0, take;
    uint64_t base = state->position, here, limit;
    uint8_t octet, segment;
    int status = SMIME_OK;

    for (;;) {
        if (state->phase == SEGMENT) {
            take = state->length < n - at ? (size_t)state->length : n - at;
            if (take >= state->copy_below) {
                status = SMIME_BER_SLICE; /* the caller takes these octets out of src itself */
            } else if (take > cap - out) {
                status = SMIME_FULL;
                break;
            } else {
                memcpy(dst + out, src + at, take);
                out += take;
            }
            at += take;
            state->length -= take;
            if (state->length) {
                state->slice = take;
                break;
            }
            state->phase = state->levels ? IDENTIFIER : DONE;
            if (status) {
                state->slice = take;
                break;
            }
        }
        /* levels of definite length that end here */
        while (state->phase == IDENTIFIER && state->levels && !state->indefinite[state->levels] &&
               base + at == state->limits[state->levels]) {
            state->levels--;
            if (!state->levels) {
                state->phase = DONE;
            }
        }
        if (state->phase == DONE || at == n) {
            break;
        }
        here = base + at;
        limit = state->limits[state->levels];
        if (here >= limit) {
            if (state->phase == IDENTIFIER) {
                FAIL(state->levels ? SMIME_DER_NO_END : SMIME_DER_BEYOND_PARENT, here);
            }
            FAIL(SMIME_DER_BEYOND_PARENT, state->start);
        }
        octet = src[at++];
        if (state->phase == IDENTIFIER) {
            state->start = here;
            segment = state->inner ? 0x04 : state->tag;
            if (octet != segment && octet != (segment | 0x20) && !(octet == 0 && state->levels)) {
                FAIL(SMIME_BER_WRONG_SEGMENT, here);
            }
            state->identifier = octet;
            state->phase = LENGTH;
            continue;
        }
        if (state->phase == LENGTH) {
            if (state->identifier == 0) {
                if (octet) {
                    FAIL(SMIME_DER_BAD_TAG, state->start);
                }
                if (!state->indefinite[state->levels]) {
                    FAIL(SMIME_DER_UNEXPECTED_END, state->start);
                }
                state->levels--;
                state->phase = state->levels ? IDENTIFIER : DONE;
                continue;
            }
            if (octet == 0xFF) {
                FAIL(SMIME_DER_BAD_LENGTH, state->start);
            }
            state->length = octet;
            if (octet == 0x80) {
                if (!(state->identifier & 0x20)) {
                    FAIL(SMIME_DER_INDEFINITE_PRIMITIVE, state->start);
                }
                status = push(state, limit, 1);
                if (status) {
                    return status;
                }
                state->phase = IDENTIFIER;
                continue;
            }
            if (octet > 0x80) {
                state->octets = octet & 0x7F;
                state->length = 0;
                if (limit != UNBOUNDED && state->octets > limit - here - 1) {
                    FAIL(SMIME_DER_BEYOND_PARENT, state->start);
                }
                state->phase = LENGTH_OCTETS;
                continue;
            }
        } else { /* LENGTH_OCTETS */
            if (state->length >> 55) {
                FAIL(SMIME_BER_TOO_LARGE, state->start);
            }
            state->length = state->length << 8 | octet;
            if (state->length >= UNBOUNDED) {
                FAIL(SMIME_BER_TOO_LARGE, state->start);
            }
            if (--state->octets) {
                continue;
            }
        }
        /* the header is complete */
        if (state->length > limit - (here + 1)) {
            FAIL(limit != UNBOUNDED ? SMIME_DER_BEYOND_PARENT : SMIME_BER_TOO_LARGE, state->start);
        }
        if (state->identifier & 0x20) {
            status = push(state, here + 1 + state->length, 0);
            if (status) {
                return status;
            }
            state->phase = IDENTIFIER;
        } else {
            if (!state->segments) {
                FAIL(SMIME_DER_TOO_MANY, state->start);
            }
            state->segments--;
            state->phase = SEGMENT;
        }
    }
    state->position = base + at;
    *consumed = at;
    *produced = out;
    return status == SMIME_OK && state->phase == DONE ? SMIME_BER_DONE : status;
}

/* == the end of what is of indefinite length == */

void smime_ber_skip_init(smime_ber_skip *state, uint64_t position, uint64_t limit, uint64_t depth, uint64_t elements) {
    memset(state, 0, sizeof *state);
    state->position = position;
    state->start = position;
    state->limit = limit;
    state->elements = elements;
    state->depth = depth < SMIME_BER_LEVELS ? (uint32_t)depth : SMIME_BER_LEVELS;
    state->levels = 1;
}

int smime_ber_skip_update(smime_ber_skip *state, const uint8_t *src, size_t n, size_t *consumed) {
    size_t at = 0, take;
    uint64_t base = state->position, here;
    uint8_t octet;

    while (state->phase != DONE) {
        if (state->phase == SEGMENT) {
            take = state->length < n - at ? (size_t)state->length : n - at;
            at += take;
            state->length -= take;
            if (state->length) {
                break;
            }
            state->phase = IDENTIFIER;
        }
        if (at == n) {
            break;
        }
        here = base + at;
        if (here >= state->limit) {
            if (state->phase == IDENTIFIER) {
                FAIL(SMIME_DER_NO_END, here);
            }
            FAIL(SMIME_DER_BEYOND_PARENT, state->start);
        }
        octet = src[at++];
        if (state->phase == IDENTIFIER) {
            state->start = here;
            state->identifier = octet;
            state->number = 0;
            state->phase = (octet & 0x1F) == 0x1F ? TAG_NUMBER : LENGTH;
            continue;
        }
        if (state->phase == TAG_NUMBER) {
            if (octet == 0x80 && !state->number) {
                FAIL(SMIME_DER_BAD_TAG, state->start);
            }
            state->number = state->number << 7 | (octet & 0x7F);
            if (state->number > MAX_TAG_NUMBER) {
                FAIL(SMIME_DER_BAD_TAG, state->start);
            }
            if (octet < 0x80) {
                if (state->number < 0x1F) {
                    FAIL(SMIME_DER_BAD_TAG, state->start);
                }
                state->phase = LENGTH;
            }
            continue;
        }
        if (state->phase == LENGTH) {
            if (state->identifier == 0) {
                if (octet) {
                    FAIL(SMIME_DER_BAD_TAG, state->start);
                }
                state->levels--;
                state->phase = state->levels ? IDENTIFIER : DONE;
                continue;
            }
            if (octet == 0xFF) {
                FAIL(SMIME_DER_BAD_LENGTH, state->start);
            }
            state->length = octet;
            if (octet == 0x80) {
                if (!(state->identifier & 0x20)) {
                    FAIL(SMIME_DER_INDEFINITE_PRIMITIVE, state->start);
                }
                if (!state->elements) {
                    FAIL(SMIME_DER_TOO_MANY, state->start);
                }
                state->elements--;
                if (state->levels > state->depth) {
                    FAIL(SMIME_DER_TOO_DEEP, state->start);
                }
                state->levels++;
                state->phase = IDENTIFIER;
                continue;
            }
            if (octet > 0x80) {
                state->octets = octet & 0x7F;
                state->length = 0;
                if (state->limit != UNBOUNDED && state->octets > state->limit - here - 1) {
                    FAIL(SMIME_DER_BEYOND_PARENT, state->start);
                }
                state->phase = LENGTH_OCTETS;
                continue;
            }
        } else { /* LENGTH_OCTETS */
            if (state->length >> 55) {
                FAIL(SMIME_BER_TOO_LARGE, state->start);
            }
            state->length = state->length << 8 | octet;
            if (state->length >= UNBOUNDED) {
                FAIL(SMIME_BER_TOO_LARGE, state->start);
            }
            if (--state->octets) {
                continue;
            }
        }
        if (state->length > state->limit - (here + 1)) {
            FAIL(state->limit != UNBOUNDED ? SMIME_DER_BEYOND_PARENT : SMIME_BER_TOO_LARGE, state->start);
        }
        if (!state->elements) {
            FAIL(SMIME_DER_TOO_MANY, state->start);
        }
        state->elements--;
        state->phase = SEGMENT;
    }
    state->position = base + at;
    *consumed = at;
    return state->phase == DONE ? SMIME_BER_DONE : SMIME_OK;
}
