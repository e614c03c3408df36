/* base64 (RFC 4648 section 4) in the lines of MIME (RFC 2045 section 6.8): the scalar code, which owns heads, tails, padding and every
 * error.
 *
 * The encoder writes lines of a fixed length; the decoder passes over line ends. Both do so inside the vector loops of base64_x86.c and
 * base64_neon.c, which see whole blocks of good input only.
 */

#include "internal.h"

/* == encode == */

static const uint8_t ALPHABET[64] = {'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
                                     'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
                                     'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
                                     'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/'};

static void encode_group(const uint8_t *src, uint8_t *dst) {
    uint32_t group = (uint32_t)src[0] << 16 | (uint32_t)src[1] << 8 | src[2];
    dst[0] = ALPHABET[group >> 18];
    dst[1] = ALPHABET[group >> 12 & 63];
    dst[2] = ALPHABET[group >> 6 & 63];
    dst[3] = ALPHABET[group & 63];
}

/* Encode whole groups of three octets, without line ends. */
static void encode_groups(uint32_t isa, const uint8_t *src, size_t groups, uint8_t *dst) {
    size_t done = 0;
    switch (isa) {
#ifdef SMIME_X86
    case SMIME_ISA_AVX512VBMI: done = smime_base64_encode_groups_avx512(src, groups, dst); break;
    case SMIME_ISA_AVX2: done = smime_base64_encode_groups_avx2(src, groups, dst); break;
#endif
#ifdef SMIME_ARM64
    case SMIME_ISA_NEON: done = smime_base64_encode_groups_neon(src, groups, dst); break;
#endif
    default: break;
    }
    for (; done < groups; done++) encode_group(src + 3 * done, dst + 4 * done);
}

/* Encode lines of 57 octets, each with its line end; return how many were done (all but the last few). */
static size_t encode_lines76(uint32_t isa, const uint8_t *src, size_t lines, uint8_t *dst, int crlf) {
    switch (isa) {
#ifdef SMIME_X86
    case SMIME_ISA_AVX512VBMI: return smime_base64_encode_lines76_avx512(src, lines, dst, crlf);
    case SMIME_ISA_AVX2: return smime_base64_encode_lines76_avx2(src, lines, dst, crlf);
#endif
#ifdef SMIME_ARM64
    case SMIME_ISA_NEON: return smime_base64_encode_lines76_neon(src, lines, dst, crlf);
#endif
    default: return 0;
    }
}

static uint8_t *put_newline(uint8_t *dst, int crlf) {
    if (crlf) *dst++ = '\r';
    *dst++ = '\n';
    return dst;
}

void smime_base64_encoder_init(smime_base64_encoder *state, uint32_t isa, uint32_t line_length, int crlf) {
    memset(state, 0, sizeof *state);
    state->isa = isa;
    state->line_length = line_length;
    state->crlf = crlf != 0;
}

/* Octets that so many whole groups become, line ends included. */
static size_t encoded_size(const smime_base64_encoder *state, size_t groups) {
    size_t size = 4 * groups;
    if (state->line_length) size += (state->column + size) / state->line_length * (1 + state->crlf);
    return size;
}

/* Write whole groups with the line ends that fall among and after them; return the new end of dst. */
static uint8_t *encode_wrapped(smime_base64_encoder *state, const uint8_t *src, size_t groups, uint8_t *dst) {
    const size_t length = state->line_length;
    if (!length) {
        encode_groups(state->isa, src, groups, dst);
        return dst + 4 * groups;
    }
    if (state->column) { /* to the end of the line that is open */
        size_t some = (length - state->column) / 4;
        if (some > groups) some = groups;
        encode_groups(state->isa, src, some, dst);
        src += 3 * some;
        dst += 4 * some;
        groups -= some;
        state->column += (uint32_t)(4 * some);
        if (state->column < length) return dst;
        dst = put_newline(dst, state->crlf);
        state->column = 0;
    }
    size_t lines = groups / (length / 4);
    groups -= lines * (length / 4);
    if (length == 76) {
        size_t done = encode_lines76(state->isa, src, lines, dst, state->crlf);
        src += 57 * done;
        dst += (76 + 1 + state->crlf) * done;
        lines -= done;
    }
    for (; lines; lines--) {
        encode_groups(state->isa, src, length / 4, dst);
        src += length / 4 * 3;
        dst = put_newline(dst + length, state->crlf);
    }
    encode_groups(state->isa, src, groups, dst);
    state->column = (uint32_t)(4 * groups);
    return dst + 4 * groups;
}

int smime_base64_encode(smime_base64_encoder *state, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap,
                        size_t *produced) {
    const uint8_t *start = src;
    uint8_t *out = dst;
    int status = SMIME_OK;

    size_t groups = (state->held + n) / 3;
    if (encoded_size(state, groups) > cap) { /* as many as have room */
        size_t length = state->line_length;
        size_t lines = length ? cap / (length + 1 + state->crlf) : 0;
        if (lines) {
            groups = lines * (length / 4);
        } else {
            groups = cap / 4;
            while (groups && encoded_size(state, groups) > cap) groups--;
        }
        n = groups ? 3 * groups - state->held : 0;
        status = SMIME_FULL;
    }
    if (state->held && groups) { /* the group that is open */
        size_t need = 3 - state->held;
        memcpy(state->hold + state->held, src, need);
        out = encode_wrapped(state, state->hold, 1, out);
        src += need;
        n -= need;
        groups--;
        state->held = 0;
    }
    if (groups) {
        out = encode_wrapped(state, src, groups, out);
        src += 3 * groups;
        n -= 3 * groups;
    }
    for (; n; n--) state->hold[state->held++] = *src++;
    *consumed = (size_t)(src - start);
    *produced = (size_t)(out - dst);
    return status;
}

int smime_base64_encode_end(smime_base64_encoder *state, uint8_t *dst, size_t cap, size_t *produced) {
    uint8_t *out = dst;
    *produced = 0;
    if (cap < 6) return SMIME_FULL;
    if (state->held) {
        uint32_t held = state->held;
        memset(state->hold + held, 0, 3 - held);
        encode_group(state->hold, out);
        if (held == 1) out[2] = '=';
        out[3] = '=';
        out += 4;
        state->column += 4;
        state->held = 0;
    }
    if (state->line_length && state->column) out = put_newline(out, state->crlf);
    state->column = 0;
    *produced = (size_t)(out - dst);
    return SMIME_OK;
}

int64_t smime_base64_encode_all(uint32_t isa, uint32_t line_length, int crlf, const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
    smime_base64_encoder state;
    size_t consumed, produced, ending;
    uint8_t end[8];
    smime_base64_encoder_init(&state, isa, line_length, crlf);
    if (smime_base64_encode(&state, src, n, &consumed, dst, cap, &produced) != SMIME_OK) return -1;
    smime_base64_encode_end(&state, end, sizeof end, &ending);
    if (cap - produced < ending) return -1;
    memcpy(dst + produced, end, ending);
    return (int64_t)(produced + ending);
}

/* == decode == */

enum { PAD = 64, NEWLINE = 65, BLANK = 66, FOREIGN = 67 };

/* the value of a character, or its class */
static const uint8_t VALUES[256] = {
    67, 67, 67, 67, 67, 67, 67, 67, 67, 66, 65, 67, 67, 65, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
    66, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 62, 67, 67, 67, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 67, 67, 67, 64, 67, 67,
    67, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 67, 67, 67, 67, 67,
    67, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 67, 67, 67, 67, 67,
    67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
    67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
    67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
    67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
};

void smime_base64_decoder_init(smime_base64_decoder *state, uint32_t isa, int strict) {
    memset(state, 0, sizeof *state);
    state->isa = isa;
    state->strict = strict != 0;
}

/* Decode whole blocks of alphabet and line ends from a group's beginning on; return the octets taken. */
static size_t decode_bulk(smime_base64_decoder *state, const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t *produced) {
    *produced = 0;
    switch (state->isa) {
#ifdef SMIME_X86
    case SMIME_ISA_AVX512VBMI: return smime_base64_decode_avx512(src, n, dst, cap, produced, &state->group, &state->count);
    case SMIME_ISA_AVX2: return smime_base64_decode_avx2(src, n, dst, cap, produced, &state->group, &state->count);
#endif
#ifdef SMIME_ARM64
    case SMIME_ISA_NEON: return smime_base64_decode_neon(src, n, dst, cap, produced, &state->group, &state->count);
#endif
    default: return 0;
    }
}

/* Write the one or two octets of a group that ends early. */
static int decode_partial(smime_base64_decoder *state, uint8_t **out) {
    uint32_t spare = state->count == 2 ? 4 : 2;
    uint32_t bits = state->group >> spare;
    if (state->group & ((1u << spare) - 1)) {
        if (state->strict) return SMIME_BASE64_SPARE_BITS;
        state->anomalies |= SMIME_BASE64_SAW_SPARE_BITS;
    }
    if (state->count == 3) *(*out)++ = (uint8_t)(bits >> 8);
    *(*out)++ = (uint8_t)bits;
    return SMIME_OK;
}

static int decode_pad(smime_base64_decoder *state, uint8_t **out) {
    if (state->padded && state->pads_due) {
        state->pads_due--;
        return SMIME_OK;
    }
    if (state->padded || state->count < 2) {
        if (state->strict) return state->padded ? SMIME_BASE64_AFTER_PADDING : SMIME_BASE64_PADDING;
        if (state->count == 1) {
            state->anomalies |= SMIME_BASE64_SAW_INCOMPLETE;
            state->count = state->group = 0;
            state->padded = 1;
            state->pads_due = 2;
        } else {
            state->anomalies |= SMIME_BASE64_SAW_SURPLUS_PADDING;
        }
        return SMIME_OK;
    }
    int status = decode_partial(state, out);
    if (status) return status;
    state->padded = 1;
    state->pads_due = state->count == 2;
    state->count = state->group = 0;
    return SMIME_OK;
}

static int decode_character(smime_base64_decoder *state, uint8_t value, uint8_t **out) {
    switch (value) {
    case NEWLINE: return SMIME_OK;
    case PAD: return decode_pad(state, out);
    case BLANK:
        if (state->strict) return SMIME_BASE64_CHARACTER;
        state->anomalies |= SMIME_BASE64_SAW_BLANKS;
        return SMIME_OK;
    case FOREIGN:
        if (state->strict) return SMIME_BASE64_CHARACTER;
        if (state->padded) {
            state->anomalies |= SMIME_BASE64_SAW_TRAILING_TEXT;
            state->ended = 1;
        } else {
            state->anomalies |= SMIME_BASE64_SAW_FOREIGN;
        }
        return SMIME_OK;
    default: break;
    }
    if (state->padded) {
        if (state->strict) return SMIME_BASE64_AFTER_PADDING;
        state->anomalies |= SMIME_BASE64_SAW_MIDDLE_PADDING;
        if (state->pads_due) state->anomalies |= SMIME_BASE64_SAW_MISSING_PADDING;
        state->padded = state->pads_due = 0;
    }
    state->group = state->group << 6 | value;
    if (++state->count == 4) {
        *(*out)++ = (uint8_t)(state->group >> 16);
        *(*out)++ = (uint8_t)(state->group >> 8);
        *(*out)++ = (uint8_t)state->group;
        state->count = state->group = 0;
    }
    return SMIME_OK;
}

int smime_base64_decode(smime_base64_decoder *state, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap,
                        size_t *produced) {
    const uint8_t *start = src;
    const uint8_t *end = src + n;
    uint8_t *out = dst;
    int status = SMIME_OK;
    size_t room = cap / 3 * 4 > state->count ? cap / 3 * 4 - state->count : 0; /* six bits a character */
    if (n > room) {
        end = src + room;
        status = SMIME_FULL;
    }
    int vector = state->isa != SMIME_ISA_SCALAR;
    while (src < end && !state->ended) {
        if (!state->count && !state->padded) {
            if (vector && end - src >= 34) {
                size_t made;
                size_t taken = decode_bulk(state, src, (size_t)(end - src), out, cap - (size_t)(out - dst), &made);
                src += taken;
                out += made;
                if (state->count) continue;
            }
            while (end - src >= 4) {
                uint32_t a = VALUES[src[0]], b = VALUES[src[1]], c = VALUES[src[2]], d = VALUES[src[3]];
                if ((a | b | c | d) & 64) break;
                uint32_t group = a << 18 | b << 12 | c << 6 | d;
                out[0] = (uint8_t)(group >> 16);
                out[1] = (uint8_t)(group >> 8);
                out[2] = (uint8_t)group;
                out += 3;
                src += 4;
            }
            if (src == end) break;
        }
        int error = decode_character(state, VALUES[*src], &out);
        if (SMIME_UNLIKELY(error)) {
            status = error;
            break;
        }
        src++;
    }
    if (state->ended) src = end;
    *consumed = (size_t)(src - start);
    *produced = (size_t)(out - dst);
    return status;
}

int smime_base64_decode_end(smime_base64_decoder *state, uint8_t *dst, size_t cap, size_t *produced) {
    uint8_t *out = dst;
    *produced = 0;
    if (cap < 2) return SMIME_FULL;
    if (state->count || state->pads_due) {
        if (state->strict) return SMIME_BASE64_TRUNCATED;
        state->anomalies |= state->count == 1 ? SMIME_BASE64_SAW_INCOMPLETE : SMIME_BASE64_SAW_MISSING_PADDING;
        if (state->count > 1) decode_partial(state, &out);
        state->count = state->group = state->pads_due = 0;
    }
    *produced = (size_t)(out - dst);
    return SMIME_OK;
}

int64_t smime_base64_decode_all(uint32_t isa, int strict, const uint8_t *src, size_t n, uint8_t *dst, size_t cap) {
    smime_base64_decoder state;
    size_t at = 0, size = 0, consumed, produced;
    uint8_t rest[96];
    smime_base64_decoder_init(&state, isa, strict);
    for (int full = 0; at < n;) { /* cap may be exact: each turn leaves as much room as there are line ends */
        if (!full && n - at > sizeof rest) {
            int status = smime_base64_decode(&state, src + at, n - at, &consumed, dst + size, cap - size, &produced);
            if (status < 0) return status;
            full = consumed == 0;
        } else {
            size_t some = n - at < sizeof rest ? n - at : sizeof rest;
            int status = smime_base64_decode(&state, src + at, some, &consumed, rest, sizeof rest, &produced);
            if (status < 0) return status;
            if (cap - size < produced) return -1;
            memcpy(dst + size, rest, produced);
        }
        at += consumed;
        size += produced;
    }
    int status = smime_base64_decode_end(&state, rest, sizeof rest, &produced);
    if (status) return status;
    if (cap - size < produced) return -1;
    memcpy(dst + size, rest, produced);
    return (int64_t)(size + produced);
}
