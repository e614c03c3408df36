/* quoted-printable (RFC 2045 section 6.7) for text.
 *
 * Both directions look ahead a little: whether blanks are followed by a line end, whether an escape is complete. What cannot be decided at
 * the end of a chunk is kept in the state as it came, and decided when the next chunk is here; so the loops below see text in one piece
 * only.
 */

#include "internal.h"

/* == decode: good text == */

/* These loops take good text and stop before whatever needs thought; they return how much they took. dst has room for n octets. */

#ifdef SMIME_X86

SMIME_TARGET_AVX2 static size_t decode_good_avx2(const uint8_t *src, size_t n, uint8_t *dst, size_t *made, uint32_t *eight_bit) {
    size_t i = 0;
    uint32_t tops = 0;
    while (n - i >= 33) {
        __m256i in = _mm256_loadu_si256((const __m256i *)(src + i));
        __m256i next = _mm256_loadu_si256((const __m256i *)(src + i + 1));
        __m256i blank = _mm256_or_si256(_mm256_cmpeq_epi8(in, _mm256_set1_epi8(' ')), _mm256_cmpeq_epi8(in, _mm256_set1_epi8('\t')));
        __m256i ending = _mm256_or_si256(_mm256_cmpeq_epi8(next, _mm256_set1_epi8('\r')), _mm256_cmpeq_epi8(next, _mm256_set1_epi8('\n')));
        __m256i equals = _mm256_cmpeq_epi8(in, _mm256_set1_epi8('='));
        uint64_t blanks = (uint32_t)_mm256_movemask_epi8(blank);
        uint32_t stops = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(equals, _mm256_and_si256(blank, ending)));
        uint32_t high = (uint32_t)_mm256_movemask_epi8(in);
        _mm256_storeu_si256((__m256i *)(dst + i), in);
        if (!stops && !(blanks >> 31)) {
            tops |= high;
            i += 32;
            continue;
        }
        /* to the stop or the end, less the blanks before it */
        uint64_t others = ~blanks & ((1ULL << (stops ? __builtin_ctz(stops) : 32)) - 1);
        uint32_t size = others ? (uint32_t)smime_highest(others) + 1 : 0;
        tops |= high & (uint32_t)((1ULL << size) - 1);
        i += size;
        if (stops || !size) break;
    }
    *eight_bit |= tops != 0;
    *made = i;
    return i;
}

/* values of the digits 0-9 and A-F */
static const uint8_t DIGITS[128] = {
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 0,   1,   2,   3,
    4,   5,   6,   7,   8,   9,   128, 128, 128, 128, 128, 128, 128, 10,  11,  12,  13,  14,  15,  128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
};

/* Escapes and soft line breaks are decoded here too: what they are made of is squeezed out. */
SMIME_TARGET_AVX512 static size_t decode_good_avx512(const uint8_t *src, size_t n, uint8_t *dst, size_t *made, uint32_t *eight_bit) {
    const __m512i digits_low = _mm512_loadu_si512(DIGITS), digits_high = _mm512_loadu_si512(DIGITS + 64);
    const __m512i first = _mm512_add_epi8(_mm512_loadu_si512(SMIME_IOTA), _mm512_set1_epi8(1));
    const __m512i second = _mm512_add_epi8(first, _mm512_set1_epi8(1));
    size_t i = 0;
    uint8_t *out = dst;
    uint64_t tops = 0;
    while (i < n) {
        unsigned size = n - i < 64 ? (unsigned)(n - i) : 64;
        __mmask64 block = ~0ULL >> (64 - size);
        __m512i in = _mm512_maskz_loadu_epi8(block, src + i);
        uint64_t high = _mm512_movepi8_mask(in);
        uint64_t equals = _mm512_cmpeq_epi8_mask(in, _mm512_set1_epi8('='));
        uint64_t blanks = _mm512_cmpeq_epi8_mask(in, _mm512_set1_epi8(' ')) | _mm512_cmpeq_epi8_mask(in, _mm512_set1_epi8('\t'));
        uint64_t cr = _mm512_cmpeq_epi8_mask(in, _mm512_set1_epi8('\r'));
        uint64_t lf = _mm512_cmpeq_epi8_mask(in, _mm512_set1_epi8('\n'));
        uint64_t stops = blanks & (cr | lf) >> 1;
        /* a run of blanks at the end of the block has ended if something visible is next */
        uint64_t open = blanks >> (size - 1) & (n - i > 64 ? src[i + 64] <= ' ' : 1);
        if (SMIME_LIKELY(!(equals | stops | open))) {
            if (size == 64) _mm512_storeu_si512(out, in);
            else _mm512_mask_storeu_epi8(out, block, in);
            tops |= high;
            out += size;
            i += size;
            continue;
        }
        uint64_t keep = block;
        if (equals) {
            __m512i digits = _mm512_permutex2var_epi8(digits_low, in, digits_high);
            uint64_t hex = ~_mm512_movepi8_mask(_mm512_or_si512(digits, in));
            uint64_t escapes = equals & hex >> 1 & hex >> 2 & block >> 2;
            uint64_t soft_lf = equals & lf >> 1, soft_crlf = equals & cr >> 1 & lf >> 2;
            __m512i octets =
                _mm512_or_si512(_mm512_slli_epi16(_mm512_and_si512(_mm512_permutexvar_epi8(first, digits), _mm512_set1_epi8(15)), 4),
                                _mm512_permutexvar_epi8(second, digits));
            in = _mm512_mask_mov_epi8(in, escapes, octets);
            keep = block & ~(escapes << 1 | escapes << 2 | soft_lf | soft_lf << 1 | soft_crlf | soft_crlf << 1 | soft_crlf << 2);
            stops |= equals & ~(escapes | soft_lf | soft_crlf);
        }
        if (stops) {
            size = (unsigned)__builtin_ctzll(stops);
            open = size && blanks >> (size - 1) & 1;
        }
        if (open) { /* back to where the run of blanks begins */
            uint64_t others = ~blanks & ~0ULL >> (64 - size);
            size = others ? (unsigned)smime_highest(others) + 1 : 0;
        }
        if (!size) break; /* the block begins with what stops it */
        keep &= ~0ULL >> (64 - size);
        unsigned kept = (unsigned)__builtin_popcountll(keep);
        tops |= high & ~0ULL >> (64 - size);
        in = _mm512_maskz_compress_epi8(keep, in);
        if (n - i >= 64) _mm512_storeu_si512(out, in);
        else if (kept) _mm512_mask_storeu_epi8(out, ~0ULL >> (64 - kept), in);
        out += kept;
        i += size;
    }
    *eight_bit |= tops != 0;
    *made = (size_t)(out - dst);
    return i;
}

#endif

#ifdef SMIME_ARM64

static size_t decode_good_neon(const uint8_t *src, size_t n, uint8_t *dst, size_t *made, uint32_t *eight_bit) {
    size_t i = 0;
    uint8x16_t any = vdupq_n_u8(0);
    while (n - i >= 17) {
        uint8x16_t in = vld1q_u8(src + i);
        uint8x16_t next = vld1q_u8(src + i + 1);
        uint8x16_t blank = vorrq_u8(vceqq_u8(in, vdupq_n_u8(' ')), vceqq_u8(in, vdupq_n_u8('\t')));
        uint8x16_t ending = vorrq_u8(vceqq_u8(next, vdupq_n_u8('\r')), vceqq_u8(next, vdupq_n_u8('\n')));
        uint64_t blanks = smime_nibbles(blank);
        uint64_t stops = smime_nibbles(vorrq_u8(vceqq_u8(in, vdupq_n_u8('=')), vandq_u8(blank, ending)));
        vst1q_u8(dst + i, in);
        if (!stops && !(blanks >> 60)) {
            any = vorrq_u8(any, in);
            i += 16;
            continue;
        }
        uint64_t others = ~blanks & (stops ? (1ULL << (smime_lowest(stops) & ~3)) - 1 : ~0ULL);
        size_t size = others ? (size_t)smime_highest(others) / 4 + 1 : 0;
        for (size_t k = 0; k < size; k++) *eight_bit |= src[i + k] >> 7;
        i += size;
        if (stops || !size) break;
    }
    *eight_bit |= vmaxvq_u8(any) >> 7;
    *made = i;
    return i;
}

#endif

static size_t decode_good(uint32_t isa, const uint8_t *src, size_t n, uint8_t *dst, size_t *made, uint32_t *eight_bit) {
    *made = 0;
    switch (isa) {
#ifdef SMIME_X86
    case SMIME_ISA_AVX512VBMI: return decode_good_avx512(src, n, dst, made, eight_bit);
    case SMIME_ISA_AVX2: return decode_good_avx2(src, n, dst, made, eight_bit);
#endif
#ifdef SMIME_ARM64
    case SMIME_ISA_NEON: return decode_good_neon(src, n, dst, made, eight_bit);
#endif
    default: return 0;
    }
}

/* == decode: one thing at a time == */

/* value of a hexadecimal digit; that of a lower-case one plus 16; -1: none */
static const int8_t HEX[256] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  -1, -1, -1, -1, -1, -1,
    -1, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, 26, 27, 28, 29, 30, 31, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};

static int is_blank(uint8_t octet) { return octet == ' ' || octet == '\t'; }

void smime_qp_decoder_init(smime_qp_decoder *state, uint32_t isa) {
    memset(state, 0, sizeof *state);
    state->isa = isa;
}

/* Decode what can be decided; return how much of src that is: all of it if this is the end. dst has room for n octets. */
static size_t decode_decided(smime_qp_decoder *state, const uint8_t *src, size_t n, int last, uint8_t *dst, size_t *produced) {
    size_t i = 0;
    uint8_t *out = dst;
    uint32_t eight_bit = 0;
    while (i < n) {
        if (n - i >= 34) {
            size_t made;
            i += decode_good(state->isa, src + i, n - i, out, &made, &eight_bit);
            out += made;
            if (i == n) break;
        }
        uint8_t octet = src[i];
        if (octet == '=') {
            if (i + 1 == n) {
                if (!last) break;
                state->anomalies |= SMIME_QP_SAW_OPEN_END;
                i = n;
                break;
            }
            int high = HEX[src[i + 1]];
            if (high >= 0) {
                if (i + 2 == n && !last) break;
                int low = i + 2 < n ? HEX[src[i + 2]] : -1;
                if (low >= 0) {
                    if ((high | low) & 16) state->anomalies |= SMIME_QP_SAW_LOWER_CASE;
                    *out++ = (uint8_t)((high & 15) << 4 | (low & 15));
                    i += 3;
                    continue;
                }
            } else { /* a soft line break, with blanks that were added on the way */
                size_t j = i + 1;
                while (j < n && j - i - 1 <= SMIME_QP_BLANKS && is_blank(src[j])) j++;
                size_t blanks = j - i - 1;
                if (blanks <= SMIME_QP_BLANKS) {
                    if (j == n) {
                        if (!last) break;
                        state->anomalies |= SMIME_QP_SAW_OPEN_END;
                        i = n;
                        break;
                    }
                    if (src[j] == '\r' && j + 1 == n && !last) break;
                    if (src[j] == '\n' || (src[j] == '\r' && j + 1 < n && src[j + 1] == '\n')) {
                        if (blanks) state->anomalies |= SMIME_QP_SAW_BLANKS;
                        i = j + (src[j] == '\r') + 1;
                        continue;
                    }
                }
            }
            state->anomalies |= SMIME_QP_SAW_STRAY;
            *out++ = '=';
            i++;
        } else if (is_blank(octet)) {
            size_t j = i;
            while (j < n && j - i <= SMIME_QP_BLANKS && is_blank(src[j])) j++;
            size_t keep = j - i;
            if (keep > SMIME_QP_BLANKS) { /* too many to be remembered */
                keep = SMIME_QP_BLANKS;
            } else if (j == n) {
                if (!last) break;
                state->anomalies |= SMIME_QP_SAW_BLANKS;
                i = n;
                break;
            } else {
                if (src[j] == '\r' && j + 1 == n && !last) break;
                if (src[j] == '\n' || (src[j] == '\r' && j + 1 < n && src[j + 1] == '\n')) {
                    state->anomalies |= SMIME_QP_SAW_BLANKS;
                    i = j;
                    continue;
                }
            }
            memcpy(out, src + i, keep);
            out += keep;
            i += keep;
        } else {
            do {
                eight_bit |= octet >> 7;
                *out++ = octet;
                i++;
                if (i == n) break;
                octet = src[i];
            } while (octet != '=' && !is_blank(octet));
        }
    }
    if (eight_bit) state->anomalies |= SMIME_QP_SAW_EIGHT_BIT;
    *produced = (size_t)(out - dst);
    return i;
}

int smime_qp_decode(smime_qp_decoder *state, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap, size_t *produced) {
    int status = SMIME_OK;
    size_t taken = 0, made;
    uint8_t *out = dst;
    if (cap < sizeof state->hold + n) {
        status = SMIME_FULL;
        n = cap < sizeof state->hold ? 0 : cap - sizeof state->hold;
    }
    while (state->held && taken < n) { /* octet by octet until what was undecided is behind */
        state->hold[state->held++] = src[taken++];
        size_t used = decode_decided(state, state->hold, state->held, 0, out, &made);
        out += made;
        state->held -= (uint32_t)used;
        if (state->held <= taken) {
            taken -= state->held;
            state->held = 0;
        } else {
            memmove(state->hold, state->hold + used, state->held);
        }
    }
    taken += decode_decided(state, src + taken, n - taken, 0, out, &made);
    out += made;
    while (taken < n) state->hold[state->held++] = src[taken++];
    *consumed = n;
    *produced = (size_t)(out - dst);
    return status;
}

int smime_qp_decode_end(smime_qp_decoder *state, uint8_t *dst, size_t cap, size_t *produced) {
    *produced = 0;
    if (cap < sizeof state->hold) return SMIME_FULL;
    decode_decided(state, state->hold, state->held, 1, dst, produced);
    state->held = 0;
    return SMIME_OK;
}

/* == encode == */

enum { PLAIN = 0, ESCAPED = 1, WHITE = 2, LINE_END = 3 };

enum { WIDEST = 75 }; /* characters in a line, and the = of a soft line break */

static const uint8_t CLASS[256] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

static const uint8_t HEX_DIGITS[16] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'};

static uint8_t *put_soft_break(uint8_t *dst, uint32_t crlf) {
    *dst++ = '=';
    if (crlf) *dst++ = '\r';
    *dst++ = '\n';
    return dst;
}

/* These copy the text from src on that needs no escape, size octets at most, and return how many those were. src has n octets, of which the
 * one behind a blank is looked at. dst has room for 128 octets. */

#ifdef SMIME_X86

#define EACH 0x1249249249249249ULL /* the first of every three, 21 times */

static const uint8_t THIRDS[64] = {0,  0,  0,  1,  1,  1,  2,  2,  2,  3,  3,  3,  4,  4,  4,  5,  5,  5,  6,  6,  6,  7,
                                   7,  7,  8,  8,  8,  9,  9,  9,  10, 10, 10, 11, 11, 11, 12, 12, 12, 13, 13, 13, 14, 14,
                                   14, 15, 15, 15, 16, 16, 16, 17, 17, 17, 18, 18, 18, 19, 19, 19, 20, 20, 20, 21};

SMIME_TARGET_AVX2 static size_t copy_plain_avx2(const uint8_t *src, size_t n, size_t size, uint8_t *dst) {
    size_t i = 0;
    while (i < size && n - i >= 33) {
        __m256i in = _mm256_loadu_si256((const __m256i *)(src + i));
        __m256i next = _mm256_loadu_si256((const __m256i *)(src + i + 1));
        __m256i blank = _mm256_or_si256(_mm256_cmpeq_epi8(in, _mm256_set1_epi8(' ')), _mm256_cmpeq_epi8(in, _mm256_set1_epi8('\t')));
        __m256i ending = _mm256_or_si256(_mm256_cmpeq_epi8(next, _mm256_set1_epi8('\r')), _mm256_cmpeq_epi8(next, _mm256_set1_epi8('\n')));
        __m256i special = _mm256_or_si256(_mm256_cmpeq_epi8(in, _mm256_set1_epi8('=')), _mm256_cmpeq_epi8(in, _mm256_set1_epi8(127)));
        __m256i visible = _mm256_andnot_si256(special, _mm256_cmpgt_epi8(in, _mm256_set1_epi8(' ')));
        uint32_t plain = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(visible, _mm256_andnot_si256(ending, blank)));
        _mm256_storeu_si256((__m256i *)(dst + i), in);
        if (~plain) {
            i += (uint32_t)__builtin_ctz(~plain);
            break;
        }
        i += 32;
    }
    return i < size ? i : size;
}

/* Octets as characters: each is tripled, and what a plain one does not need is squeezed out. escaped has a bit for each octet, of 21 at
 * most. */
SMIME_TARGET_AVX512 static inline __m512i triple_avx512(__m256i in, uint64_t escaped, uint64_t keep) {
    const __m512i digits = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)HEX_DIGITS));
    __m512i octets = _mm512_permutexvar_epi8(_mm512_loadu_si512(THIRDS), _mm512_castsi256_si512(in));
    __m512i low = _mm512_shuffle_epi8(digits, _mm512_and_si512(octets, _mm512_set1_epi8(15)));
    __m512i high = _mm512_shuffle_epi8(digits, _mm512_and_si512(_mm512_srli_epi16(octets, 4), _mm512_set1_epi8(15)));
    __m512i out = _mm512_mask_mov_epi8(octets, _pdep_u64(escaped, EACH), _mm512_set1_epi8('='));
    out = _mm512_mask_mov_epi8(out, EACH << 1, high);
    out = _mm512_mask_mov_epi8(out, EACH << 2, low);
    return _mm512_maskz_compress_epi8(keep, out);
}

/* Which octets are escaped wherever they stand: all but blanks and what is visible; = is. */
SMIME_TARGET_AVX512 static inline uint64_t escaped_avx512(__m512i in, uint64_t blanks) {
    uint64_t special = _mm512_cmpeq_epi8_mask(in, _mm512_set1_epi8('=')) | _mm512_cmpeq_epi8_mask(in, _mm512_set1_epi8(127));
    return (~_mm512_cmpgt_epi8_mask(in, _mm512_set1_epi8(' ')) | special) & ~blanks;
}

SMIME_TARGET_AVX512 static inline uint64_t blanks_avx512(__m512i in) {
    return _mm512_cmpeq_epi8_mask(in, _mm512_set1_epi8(' ')) | _mm512_cmpeq_epi8_mask(in, _mm512_set1_epi8('\t'));
}

static inline int begins_suspect(const uint8_t *line) { return line[0] == '.' || (line[0] == 'F' && !memcmp(line, "From ", 5)); }

/* Encode line by line, or 63 octets of a longer line, until too little is left; return how much that was. What is escaped is known before
 * it is decided where the lines are broken, so that only the latter has to go step by step. */
SMIME_TARGET_AVX512 static size_t encode_bulk_avx512(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, int crlf, size_t *column,
                                                     size_t *made) {
    size_t i = 0;
    uint8_t *out = dst;
    size_t col = *column;
    while (n - i >= 208 && cap - (size_t)(out - dst) >= 512) {
        const uint8_t *line = src + i;
        __m512i a = _mm512_loadu_si512(line), b = _mm512_loadu_si512(line + 64);
        uint64_t lf_a = _mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8('\n'));
        uint64_t lf_b = _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8('\n')) & 0x1fff;
        uint64_t blanks_a = blanks_avx512(a), blanks_b = blanks_avx512(b);
        int whole = (lf_a | lf_b) != 0;
        size_t end = 63;
        if (SMIME_LIKELY(whole)) {
            end = lf_a ? (size_t)__builtin_ctzll(lf_a) : 64 + (size_t)__builtin_ctzll(lf_b);
            i += end + 1;
            end -= end && line[end - 1] == '\r';
        } else {
            if (line[63] == '\r' && blanks_a >> 62 & 1) break; /* a blank that may be the last of its line */
            i += 63;
        }
        uint64_t in_a = _bzhi_u64(~0ULL, (unsigned)end), in_b = _bzhi_u64(~0ULL, end > 64 ? (unsigned)end - 64 : 0);
        uint64_t escaped_a = escaped_avx512(a, blanks_a) & in_a, escaped_b = escaped_avx512(b, blanks_b) & in_b;
        if (whole && end && is_blank(line[end - 1])) {
            if (end <= 64) escaped_a |= 1ULL << (end - 1);
            else escaped_b |= 1ULL << (end - 65);
        }
        if (SMIME_LIKELY(!(escaped_a | escaped_b) && col + end <= WIDEST && (col || !begins_suspect(line)))) {
            _mm512_storeu_si512(out, a);
            _mm512_storeu_si512(out + 64, b);
            out += end;
            col += end;
        } else {
            unsigned __int128 escaped = escaped_a | (unsigned __int128)escaped_b << 64;
            for (size_t at = 0; at < end;) {
                if (!col && begins_suspect(line + at)) escaped |= (unsigned __int128)1 << at;
                uint64_t here = (uint64_t)(escaped >> at);
                size_t size = end - at, room = WIDEST - col, count, width;
                if (!here) {
                    count = width = size < 64 ? (size < room ? size : room) : (room < 64 ? room : 64);
                    _mm512_storeu_si512(out, _mm512_loadu_si512(line + at));
                    size = size < 64 ? size : 64;
                } else {
                    uint64_t keep = EACH | _pdep_u64(here & 0x1fffff, EACH) * 6;
                    uint64_t beyond = _pdep_u64(1ULL << (room < 63 ? room : 63), keep) | 1ULL << 63; /* the first character without room */
                    size = size < 21 ? size : 21;
                    count = (size_t)__builtin_ctzll(beyond) / 3;
                    if (count > size) count = size;
                    width = (size_t)__builtin_popcountll(keep & ((1ULL << 3 * count) - 1));
                    __m256i in = _mm256_loadu_si256((const __m256i *)(line + at));
                    _mm512_storeu_si512(out, triple_avx512(in, here & 0x1fffff, keep));
                }
                at += count;
                out += width;
                col += width;
                if (count < size) {
                    out = put_soft_break(out, (uint32_t)crlf);
                    col = 0;
                }
            }
        }
        if (whole) {
            if (crlf) *out++ = '\r';
            *out++ = '\n';
            col = 0;
        }
    }
    *column = col;
    *made = (size_t)(out - dst);
    return i;
}

#endif

#ifdef SMIME_ARM64

static size_t copy_plain_neon(const uint8_t *src, size_t n, size_t size, uint8_t *dst) {
    size_t i = 0;
    while (i < size && n - i >= 17) {
        uint8x16_t in = vld1q_u8(src + i);
        uint8x16_t next = vld1q_u8(src + i + 1);
        uint8x16_t blank = vorrq_u8(vceqq_u8(in, vdupq_n_u8(' ')), vceqq_u8(in, vdupq_n_u8('\t')));
        uint8x16_t ending = vorrq_u8(vceqq_u8(next, vdupq_n_u8('\r')), vceqq_u8(next, vdupq_n_u8('\n')));
        uint8x16_t visible = vandq_u8(vcgtq_u8(in, vdupq_n_u8(' ')), vcltq_u8(in, vdupq_n_u8(127)));
        visible = vbicq_u8(visible, vceqq_u8(in, vdupq_n_u8('=')));
        uint64_t others = ~smime_nibbles(vorrq_u8(visible, vbicq_u8(blank, ending)));
        vst1q_u8(dst + i, in);
        if (others) {
            i += (size_t)smime_lowest(others) / 4;
            break;
        }
        i += 16;
    }
    return i < size ? i : size;
}

#endif

static size_t copy_plain(uint32_t isa, const uint8_t *src, size_t n, size_t size, uint8_t *dst) {
    size_t i = 0;
    switch (isa) {
#ifdef SMIME_X86
    case SMIME_ISA_AVX512VBMI: /* which has done all but the last lines */
    case SMIME_ISA_AVX2: i = copy_plain_avx2(src, n, size, dst); break;
#endif
#ifdef SMIME_ARM64
    case SMIME_ISA_NEON: i = copy_plain_neon(src, n, size, dst); break;
#endif
    default: break;
    }
    for (; i < size && i < n; i++) {
        uint8_t kind = CLASS[src[i]];
        if (kind != PLAIN && (kind != WHITE || i + 1 == n || CLASS[src[i + 1]] == LINE_END)) break;
        dst[i] = src[i];
    }
    return i;
}

void smime_qp_encoder_init(smime_qp_encoder *state, uint32_t isa, int crlf) {
    memset(state, 0, sizeof *state);
    state->isa = isa;
    state->crlf = crlf != 0;
}

/* Encode what can be decided and has room; return how much of src that is. */
static size_t encode_decided(smime_qp_encoder *state, const uint8_t *src, size_t n, int last, uint8_t *dst, size_t cap, size_t *produced) {
    size_t i = 0;
    uint8_t *out = dst;
    size_t column = state->column;
#ifdef SMIME_X86
    if (state->isa == SMIME_ISA_AVX512VBMI) {
        size_t made;
        i = encode_bulk_avx512(src, n, dst, cap, (int)state->crlf, &column, &made);
        out += made;
    }
#endif
    while (i < n && cap - (size_t)(out - dst) >= 6) {
        uint8_t octet = src[i];
        uint8_t kind = CLASS[octet];
        int begins = !column && (octet == '.' || octet == 'F');
        if (kind == PLAIN && !begins && column < WIDEST && cap - (size_t)(out - dst) >= 128) {
            size_t run = copy_plain(state->isa, src + i, n - i, WIDEST - column, out);
            i += run;
            out += run;
            column += run;
            continue;
        }
        int escape = kind == ESCAPED;
        if (kind == LINE_END) {
            if (octet == '\r') {
                if (i + 1 == n && !last) break;
                escape = i + 1 == n || src[i + 1] != '\n';
            }
            if (!escape) {
                if (state->crlf) *out++ = '\r';
                *out++ = '\n';
                column = 0;
                i += octet == '\r' ? 2 : 1;
                continue;
            }
        } else if (kind == WHITE) {
            if (i + 1 == n) {
                if (!last) break;
                escape = 1;
            } else if (src[i + 1] == '\n') {
                escape = 1;
            } else if (src[i + 1] == '\r') {
                if (i + 2 == n && !last) break;
                escape = i + 2 < n && src[i + 2] == '\n';
            }
        }
        if (column + (escape ? 3 : 1) > WIDEST) {
            out = put_soft_break(out, state->crlf);
            column = 0;
            begins = octet == '.' || octet == 'F';
        }
        if (begins) {
            if (octet == '.') {
                escape = 1;
            } else {
                size_t size = n - i < 5 ? n - i : 5;
                if (!memcmp(src + i, "From ", size)) {
                    if (size < 5 && !last) break;
                    escape = size == 5;
                }
            }
        }
        if (escape) {
            out[0] = '=';
            out[1] = HEX_DIGITS[octet >> 4];
            out[2] = HEX_DIGITS[octet & 15];
            out += 3;
            column += 3;
        } else {
            *out++ = octet;
            column++;
        }
        i++;
    }
    state->column = (uint32_t)column;
    *produced = (size_t)(out - dst);
    return i;
}

int smime_qp_encode(smime_qp_encoder *state, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap, size_t *produced) {
    size_t taken = 0, made;
    uint8_t *out = dst;
    *consumed = *produced = 0;
    if (cap < SMIME_QP_ENCODE_ROOM) return SMIME_FULL;
    while (state->held && taken < n) {
        state->hold[state->held++] = src[taken++];
        size_t used = encode_decided(state, state->hold, state->held, 0, out, cap - (size_t)(out - dst), &made);
        out += made;
        state->held -= (uint32_t)used;
        if (state->held <= taken) {
            taken -= state->held;
            state->held = 0;
        } else {
            memmove(state->hold, state->hold + used, state->held);
        }
    }
    taken += encode_decided(state, src + taken, n - taken, 0, out, cap - (size_t)(out - dst), &made);
    out += made;
    *produced = (size_t)(out - dst);
    *consumed = taken;
    if (cap - *produced < 6) return taken < n ? SMIME_FULL : SMIME_OK;
    while (taken < n) state->hold[state->held++] = src[taken++];
    *consumed = n;
    return SMIME_OK;
}

int smime_qp_encode_end(smime_qp_encoder *state, uint8_t *dst, size_t cap, size_t *produced) {
    *produced = 0;
    if (cap < SMIME_QP_ENCODE_ROOM) return SMIME_FULL;
    encode_decided(state, state->hold, state->held, 1, dst, cap, produced);
    state->held = state->column = 0;
    return SMIME_OK;
}
