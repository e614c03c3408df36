/* Any octets, scanned whole and in pieces: the same content, the same end, the same error at the same place. */

#include "fuzz.h"

typedef struct {
    int status;
    uint64_t position, fault;
    size_t size;
    uint8_t *octets;
} outcome;

static outcome octets(const uint8_t *data, const cuts *c, uint64_t limit, uint32_t depth, uint64_t segments, size_t copy_below,
                      size_t room) {
    smime_ber_octets state;
    outcome o = {0};
    o.octets = malloc(c->edges[c->pieces] + 1);
    CHECK(o.octets);
    smime_ber_octets_init(&state, 7, limit, depth, segments, 0x04, copy_below);
    for (size_t i = 0; i < c->pieces && o.status == SMIME_OK; i++) {
        size_t n = c->edges[i + 1] - c->edges[i], at = 0, consumed, produced;
        uint8_t *src = exact(data + c->edges[i], n), *dst = malloc(room);
        CHECK(dst);
        for (;;) {
            o.status = smime_ber_octets_update(&state, src + at, n - at, &consumed, dst, room, &produced);
            if (o.status < 0) break;
            CHECK(consumed <= n - at && produced <= room && o.size + produced <= c->edges[c->pieces]);
            memcpy(o.octets + o.size, dst, produced);
            o.size += produced;
            at += consumed;
            if (o.status == SMIME_BER_SLICE) {
                CHECK(state.slice >= copy_below && state.slice <= consumed);
                memcpy(o.octets + o.size, src + at - state.slice, state.slice);
                o.size += state.slice;
            } else if (o.status != SMIME_FULL) {
                break;
            }
        }
        CHECK(o.status != SMIME_OK || at == n);
        free(src);
        free(dst);
    }
    o.position = o.status < 0 ? 0 : state.position;
    o.fault = o.status < 0 ? state.fault : 0;
    if (o.status < 0) o.size = 0; /* what came before an error is of no interest */
    return o;
}

static outcome skip(const uint8_t *data, const cuts *c, uint64_t limit, uint32_t depth, uint64_t elements) {
    smime_ber_skip state;
    outcome o = {0};
    smime_ber_skip_init(&state, 7, limit, depth, elements);
    for (size_t i = 0; i < c->pieces && o.status == SMIME_OK; i++) {
        size_t n = c->edges[i + 1] - c->edges[i], consumed = 0;
        uint8_t *src = exact(data + c->edges[i], n);
        o.status = smime_ber_skip_update(&state, src, n, &consumed);
        CHECK(o.status < 0 || (consumed <= n && (o.status == SMIME_BER_DONE || consumed == n)));
        free(src);
    }
    o.position = o.status < 0 ? 0 : state.position;
    o.fault = o.status < 0 ? state.fault : 0;
    return o;
}

static void same(const outcome *one, const outcome *other) {
    CHECK(one->status == other->status && one->position == other->position && one->fault == other->fault && one->size == other->size);
    CHECK(!one->size || !memcmp(one->octets, other->octets, one->size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 10) return 0;
    uint8_t options = *data++;
    size--;
    cuts c = take_cuts(&data, &size, 8), whole = {{0, size}, 1};
    uint64_t limit = options & 1 ? (uint64_t)INT64_MAX : 7 + (uint64_t)(size * (options >> 4) / 12);
    uint32_t depth = options & 2 ? 64 : 2;
    uint64_t count = options & 4 ? 1 << 20 : 3;

    outcome expected = octets(data, &whole, limit, depth, count, SIZE_MAX, size + 1);
    outcome cut = octets(data, &c, limit, depth, count, 5, 4 + (options >> 4));
    same(&cut, &expected);
    if (expected.status >= 0) CHECK(expected.position >= 7 && expected.position <= 7 + size);
    free(expected.octets);
    free(cut.octets);

    expected = skip(data, &whole, limit, depth, count);
    cut = skip(data, &c, limit, depth, count);
    same(&cut, &expected);
    return 0;
}
