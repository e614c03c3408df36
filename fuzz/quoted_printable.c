/* Any octets: every instruction set and every split gives what the scalar code gives in one piece; what is encoded comes back, in lines
 * of 76. */

#include "fuzz.h"

typedef struct {
    size_t size;
    uint32_t anomalies;
    uint8_t *octets;
} outcome;

static outcome decode(uint32_t isa, const uint8_t *data, const cuts *c) {
    smime_qp_decoder state;
    outcome o = {0};
    size_t consumed, produced;
    uint8_t end[136];
    o.octets = malloc(c->edges[c->pieces] + 136);
    CHECK(o.octets);
    smime_qp_decoder_init(&state, isa);
    for (size_t i = 0; i < c->pieces; i++) {
        size_t n = c->edges[i + 1] - c->edges[i];
        uint8_t *src = exact(data + c->edges[i], n), *dst = malloc(n + 136);
        CHECK(smime_qp_decode(&state, src, n, &consumed, dst, n + 136, &produced) == SMIME_OK && consumed == n);
        CHECK(o.size + produced <= c->edges[i + 1] && state.held <= 130);
        memcpy(o.octets + o.size, dst, produced);
        o.size += produced;
        free(src);
        free(dst);
    }
    CHECK(smime_qp_decode_end(&state, end, 136, &produced) == SMIME_OK);
    memcpy(o.octets + o.size, end, produced);
    o.size += produced;
    o.anomalies = state.anomalies;
    return o;
}

static outcome encode(uint32_t isa, int crlf, const uint8_t *data, const cuts *c, size_t room) {
    smime_qp_encoder state;
    outcome o = {0};
    size_t consumed, produced;
    o.octets = malloc(4 * c->edges[c->pieces] + 256);
    CHECK(o.octets);
    smime_qp_encoder_init(&state, isa, crlf);
    for (size_t i = 0; i < c->pieces; i++) {
        size_t n = c->edges[i + 1] - c->edges[i], done = 0;
        while (done < n) {
            size_t cap = SMIME_QP_ENCODE_ROOM + (room ? room : 4 * n + 128);
            uint8_t *src = exact(data + c->edges[i] + done, n - done), *dst = malloc(cap);
            int status = smime_qp_encode(&state, src, n - done, &consumed, dst, cap, &produced);
            CHECK((status == SMIME_OK && consumed == n - done) || (status == SMIME_FULL && consumed && consumed < n - done));
            memcpy(o.octets + o.size, dst, produced);
            o.size += produced;
            done += consumed;
            free(src);
            free(dst);
        }
    }
    CHECK(smime_qp_encode_end(&state, o.octets + o.size, 64, &produced) == SMIME_OK);
    o.size += produced;
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 9) return 0;
    uint8_t options = *data++;
    size--;
    cuts c = take_cuts(&data, &size, 8), whole = {{0, size}, 1};
    int crlf = options & 1;
    outcome decoded = decode(SMIME_ISA_SCALAR, data, &whole), encoded = encode(SMIME_ISA_SCALAR, crlf, data, &whole, 0);
    for (uint32_t isa = 0; isa < ISAS; isa++) {
        if (!(smime_isas() >> isa & 1)) continue;
        outcome got = decode(isa, data, &c);
        CHECK(got.size == decoded.size && got.anomalies == decoded.anomalies && !memcmp(got.octets, decoded.octets, got.size));
        free(got.octets);
        got = encode(isa, crlf, data, &c, options >> 1);
        CHECK(got.size == encoded.size && !memcmp(got.octets, encoded.octets, got.size));
        free(got.octets);
    }
    size_t column = 0;
    for (size_t i = 0; i < encoded.size; i++) {
        if (encoded.octets[i] == '\n') {
            CHECK(column <= 76u + (unsigned)crlf);
            column = 0;
        } else {
            column++;
        }
    }
    cuts text = {{0, encoded.size}, 1};
    outcome back = decode(SMIME_ISA_SCALAR, encoded.octets, &text);
    CHECK(!back.anomalies);
    size_t at = 0;
    for (size_t i = 0; i < size; i++) { /* line ends were made one kind */
        if (data[i] == '\r' && i + 1 < size && data[i + 1] == '\n') continue;
        if (data[i] == '\n' && crlf) CHECK(back.octets[at++] == '\r');
        CHECK(at < back.size && back.octets[at++] == data[i]);
    }
    CHECK(at == back.size);
    free(back.octets);
    free(decoded.octets);
    free(encoded.octets);
    return 0;
}
