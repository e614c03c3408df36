/* Any octets, decoded: every instruction set and every split gives what the scalar code gives in one piece. Encoded: they come back. */

#include "fuzz.h"

typedef struct {
    int status;
    size_t offset, size;
    uint32_t anomalies;
    uint8_t *octets;
} outcome;

static outcome decode(uint32_t isa, int strict, const uint8_t *data, const cuts *c) {
    smime_base64_decoder state;
    outcome o = {0};
    o.octets = malloc(c->edges[c->pieces] + 16);
    CHECK(o.octets);
    smime_base64_decoder_init(&state, isa, strict);
    for (size_t i = 0; i < c->pieces && o.status == SMIME_OK; i++) {
        size_t n = c->edges[i + 1] - c->edges[i], cap = (n + state.count) / 4 * 3 + 3, consumed, produced;
        uint8_t *src = exact(data + c->edges[i], n), *dst = malloc(cap);
        CHECK(dst);
        o.status = smime_base64_decode(&state, src, n, &consumed, dst, cap, &produced);
        CHECK(o.status != SMIME_FULL && consumed <= n && produced <= cap && (o.status || consumed == n));
        memcpy(o.octets + o.size, dst, produced);
        o.size += produced;
        o.offset += consumed;
        free(src);
        free(dst);
    }
    if (!o.status) {
        size_t produced;
        o.status = smime_base64_decode_end(&state, o.octets + o.size, 2, &produced);
        o.size += produced;
    }
    if (o.status) o.size = 0; /* what came before an error is of no interest */
    o.anomalies = state.anomalies;
    return o;
}

static void encode(uint32_t isa, uint32_t line_length, int crlf, const uint8_t *data, const cuts *c, uint8_t *text, size_t expected) {
    smime_base64_encoder state;
    size_t size = 0, consumed, produced, done = 0;
    smime_base64_encoder_init(&state, isa, line_length, crlf);
    for (size_t i = 0; i < c->pieces; i++) {
        size_t n = c->edges[i + 1] - c->edges[i];
        for (done = 0; done < n || !n;) {
            size_t cap = 6 + (n - done) % 300;
            uint8_t *src = exact(data + c->edges[i] + done, n - done), *dst = malloc(cap);
            int status = smime_base64_encode(&state, src, n - done, &consumed, dst, cap, &produced);
            CHECK(status == SMIME_OK || status == SMIME_FULL);
            CHECK(size + produced <= expected && !memcmp(text + size, dst, produced));
            size += produced;
            done += consumed;
            free(src);
            free(dst);
            if (!n) break;
        }
    }
    uint8_t end[6];
    CHECK(smime_base64_encode_end(&state, end, 6, &produced) == SMIME_OK);
    CHECK(size + produced == expected && !memcmp(text + size, end, produced));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 9) return 0;
    uint8_t options = *data++;
    size--;
    cuts c = take_cuts(&data, &size, 8), whole = {{0, size}, 1};
    static const uint32_t LENGTHS[4] = {76, 0, 64, 4};
    uint32_t line_length = LENGTHS[options >> 1 & 3];
    int crlf = options >> 3 & 1, strict = options & 1;

    outcome expected = decode(SMIME_ISA_SCALAR, strict, data, &whole);
    size_t groups = (size + 2) / 3,
           cap = 4 * groups + (line_length ? (4 * groups + line_length - 1) / line_length * (1 + (size_t)crlf) : 0);
    uint8_t *text = malloc(cap ? cap : 1), *copy = malloc(cap ? cap : 1);
    CHECK(smime_base64_encode_all(SMIME_ISA_SCALAR, line_length, crlf, data, size, text, cap) == (int64_t)cap);
    for (uint32_t isa = 0; isa < ISAS; isa++) {
        if (!(smime_isas() >> isa & 1)) continue;
        outcome got = decode(isa, strict, data, &c);
        CHECK(got.status == expected.status && got.size == expected.size && !memcmp(got.octets, expected.octets, got.size));
        CHECK(got.status ? got.offset == expected.offset : got.anomalies == expected.anomalies);
        free(got.octets);

        uint8_t *src = exact(data, size), *back = malloc((cap / 4 + 1) * 3);
        CHECK(smime_base64_encode_all(isa, line_length, crlf, src, size, copy, cap) == (int64_t)cap && !memcmp(text, copy, cap));
        CHECK(smime_base64_decode_all(isa, 1, copy, cap, back, (cap / 4 + 1) * 3) == (int64_t)size && !memcmp(back, data, size));
        encode(isa, line_length, crlf, data, &c, text, cap);
        free(src);
        free(back);
    }
    free(expected.octets);
    free(text);
    free(copy);
    return 0;
}
