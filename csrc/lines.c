/* Canonical line ends (RFC 8551 section 3.1.1): every LF without its CR gets one; a CR without an LF stays as it is.
 *
 * One scan says whether there is anything to do, and what a signer and a transport want to know about the text: octets above 127, NUL, a
 * bare CR, the longest line. What is canonical already is never copied.
 */

#include "internal.h"

void smime_lines_init(smime_lines *state, uint32_t isa) {
    memset(state, 0, sizeof *state);
    state->isa = isa;
}

/* What the scan of one chunk carries from block to block. Positions count from the beginning of the chunk. */
typedef struct {
    int64_t start; /* of the line that is open; negative if in an earlier chunk */
    int64_t longest;
    uint64_t after_cr; /* 1: the octet before the block was a CR */
    uint64_t bare_lf;
    uint32_t flags;
} scan;

static inline void end_line(scan *s, int64_t lf, uint64_t crlf) {
    int64_t length = lf - (int64_t)crlf - s->start;
    if (length > s->longest) s->longest = length;
    s->start = lf + 1;
}

/* Take in 64 octets (or fewer: size) at a position, by the places of their CR and LF. */
static inline void scan_block(scan *s, int64_t at, uint64_t cr, uint64_t lf, unsigned size) {
    uint64_t after_cr = cr << 1 | s->after_cr; /* the places behind a CR */
    if (after_cr & ~lf & (size < 64 ? (1ULL << size) - 1 : ~0ULL)) s->flags |= SMIME_LINES_BARE_CR;
    s->after_cr = cr >> (size - 1) & 1;
    if (!lf) return;
    uint64_t bare = lf & ~after_cr;
    if (lf & after_cr) s->flags |= SMIME_LINES_CRLF;
    if (bare) {
        uint64_t x = bare; /* the number of bits */
        x -= x >> 1 & 0x5555555555555555ULL;
        x = (x & 0x3333333333333333ULL) + (x >> 2 & 0x3333333333333333ULL);
        s->bare_lf += ((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL) * 0x0101010101010101ULL >> 56;
    }
    int place = smime_lowest(lf);
    end_line(s, at + place, after_cr >> place & 1);
    lf &= lf - 1;
    if (!lf) return;
    if (s->longest < 64) { /* else the lines inside a block cannot be longer */
        do {
            place = smime_lowest(lf);
            end_line(s, at + place, after_cr >> place & 1);
            lf &= lf - 1;
        } while (lf);
    } else {
        s->start = at + smime_highest(lf) + 1;
    }
}

/* == one octet, or eight, at a time == */

static size_t scan_scalar(scan *s, const uint8_t *src, size_t n) {
    const uint64_t ones = 0x0101010101010101ULL, tops = 0x8080808080808080ULL;
    size_t i = 0;
    while (i < n) {
        if (n - i >= 8 && !s->after_cr) {
            uint64_t word, lf, cr;
            memcpy(&word, src + i, 8);
            lf = word ^ ones * '\n';
            cr = word ^ ones * '\r';
            if (!((word | (word - ones) | (lf - ones) | (cr - ones)) & tops)) { /* sure: no LF, CR, NUL, octet above 127 */
                i += 8;
                continue;
            }
        }
        uint8_t octet = src[i];
        if (octet >= 0x80) s->flags |= SMIME_LINES_EIGHT_BIT;
        if (!octet) s->flags |= SMIME_LINES_NUL;
        scan_block(s, (int64_t)i, octet == '\r', octet == '\n', 1);
        i++;
    }
    return n;
}

/* == 64 octets at a time == */

#ifdef SMIME_X86

SMIME_TARGET_AVX2 static size_t scan_avx2(scan *s, const uint8_t *src, size_t n) {
    const __m256i cr = _mm256_set1_epi8('\r'), lf = _mm256_set1_epi8('\n');
    __m256i any = _mm256_setzero_si256(), least = _mm256_set1_epi8(-1);
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(src + i));
        __m256i b = _mm256_loadu_si256((const __m256i *)(src + i + 32));
        any = _mm256_or_si256(any, _mm256_or_si256(a, b));
        least = _mm256_min_epu8(least, _mm256_min_epu8(a, b));
        uint64_t crs = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, cr)) |
                       (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, cr)) << 32;
        uint64_t lfs = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, lf)) |
                       (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, lf)) << 32;
        scan_block(s, (int64_t)i, crs, lfs, 64);
    }
    if (_mm256_movemask_epi8(any)) s->flags |= SMIME_LINES_EIGHT_BIT;
    if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(least, _mm256_setzero_si256()))) s->flags |= SMIME_LINES_NUL;
    return i;
}

SMIME_TARGET_AVX512 static size_t scan_avx512(scan *s, const uint8_t *src, size_t n) {
    const __m512i cr = _mm512_set1_epi8('\r'), lf = _mm512_set1_epi8('\n');
    __m512i any = _mm512_setzero_si512(), least = _mm512_set1_epi8(-1);
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        __m512i in = _mm512_loadu_si512(src + i);
        any = _mm512_or_si512(any, in);
        least = _mm512_min_epu8(least, in);
        scan_block(s, (int64_t)i, _mm512_cmpeq_epi8_mask(in, cr), _mm512_cmpeq_epi8_mask(in, lf), 64);
    }
    if (i < n) {
        unsigned size = (unsigned)(n - i);
        __mmask64 block = (1ULL << size) - 1;
        __m512i in = _mm512_maskz_loadu_epi8(block, src + i);
        any = _mm512_or_si512(any, in);
        least = _mm512_mask_min_epu8(least, block, least, in);
        scan_block(s, (int64_t)i, _mm512_cmpeq_epi8_mask(in, cr), _mm512_cmpeq_epi8_mask(in, lf), size);
    }
    if (_mm512_movepi8_mask(any)) s->flags |= SMIME_LINES_EIGHT_BIT;
    if (_mm512_testn_epi8_mask(least, least)) s->flags |= SMIME_LINES_NUL;
    return n;
}

/* Every octet with a CR before it, then all CRs but those wanted are squeezed out. dst has room for it all, and no more. */
SMIME_TARGET_AVX512 static size_t expand_avx512(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, uint64_t after_cr) {
    const __m256i cr = _mm256_set1_epi8('\r'), lf = _mm256_set1_epi8('\n');
    uint8_t *out = dst;
    for (size_t i = 0; i < n; i += 32) {
        size_t size = n - i < 32 ? n - i : 32;
        __mmask32 block = (uint32_t)((1ULL << size) - 1);
        __m256i in = _mm256_maskz_loadu_epi8(block, src + i);
        uint32_t crs = _mm256_cmpeq_epi8_mask(in, cr);
        uint32_t bare = _mm256_cmpeq_epi8_mask(in, lf) & ~(crs << 1 | (uint32_t)after_cr);
        after_cr = crs >> 31;
        __m512i pairs = _mm512_or_si512(_mm512_slli_epi16(_mm512_cvtepu8_epi16(in), 8), _mm512_set1_epi16('\r'));
        __mmask64 keep = _pdep_u64(bare, 0x5555555555555555ULL) | _pdep_u64(block, 0xaaaaaaaaaaaaaaaaULL);
        __m512i packed = _mm512_maskz_compress_epi8(keep, pairs);
        size_t made = size + (size_t)__builtin_popcount(bare);
        if (cap - (size_t)(out - dst) >= 64) _mm512_storeu_si512(out, packed);
        else _mm512_mask_storeu_epi8(out, made < 64 ? (1ULL << made) - 1 : ~0ULL, packed);
        out += made;
    }
    return (size_t)(out - dst);
}

#endif

#ifdef SMIME_ARM64

/* The comparison of 64 octets as 64 bits: each octet gives its bit, and three additions of neighbours bring eight together. */
static inline uint64_t places_neon(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d) {
    static const uint8_t BITS[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t bits = vld1q_u8(BITS);
    uint8x16_t ab = vpaddq_u8(vandq_u8(a, bits), vandq_u8(b, bits));
    uint8x16_t cd = vpaddq_u8(vandq_u8(c, bits), vandq_u8(d, bits));
    uint8x16_t all = vpaddq_u8(ab, cd);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static size_t scan_neon(scan *s, const uint8_t *src, size_t n) {
    const uint8x16_t cr = vdupq_n_u8('\r'), lf = vdupq_n_u8('\n');
    uint8x16_t any = vdupq_n_u8(0), least = vdupq_n_u8(255);
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        uint8x16_t a = vld1q_u8(src + i), b = vld1q_u8(src + i + 16), c = vld1q_u8(src + i + 32), d = vld1q_u8(src + i + 48);
        any = vorrq_u8(any, vorrq_u8(vorrq_u8(a, b), vorrq_u8(c, d)));
        least = vminq_u8(least, vminq_u8(vminq_u8(a, b), vminq_u8(c, d)));
        scan_block(s, (int64_t)i, places_neon(vceqq_u8(a, cr), vceqq_u8(b, cr), vceqq_u8(c, cr), vceqq_u8(d, cr)),
                   places_neon(vceqq_u8(a, lf), vceqq_u8(b, lf), vceqq_u8(c, lf), vceqq_u8(d, lf)), 64);
    }
    if (vmaxvq_u8(any) >= 0x80) s->flags |= SMIME_LINES_EIGHT_BIT;
    if (vminvq_u8(least) == 0) s->flags |= SMIME_LINES_NUL;
    return i;
}

#endif

/* == the calls == */

int64_t smime_lines_scan(smime_lines *state, const uint8_t *src, size_t n) {
    scan s = {-(int64_t)state->open, (int64_t)state->longest, state->after_cr, 0, state->flags};
    size_t done = 0;
    state->scanned_after_cr = state->after_cr;
    if (state->after_cr) s.start--; /* the CR counts as of the line until an LF follows */
    switch (state->isa) {
#ifdef SMIME_X86
    case SMIME_ISA_AVX512VBMI: done = scan_avx512(&s, src, n); break;
    case SMIME_ISA_AVX2: done = scan_avx2(&s, src, n); break;
#endif
#ifdef SMIME_ARM64
    case SMIME_ISA_NEON: done = scan_neon(&s, src, n); break;
#endif
    default: break;
    }
    if (done < n) {
        s.start -= (int64_t)done;
        scan_scalar(&s, src + done, n - done);
        s.start += (int64_t)done;
    }
    state->flags = s.flags;
    state->longest = (uint64_t)s.longest;
    state->after_cr = (uint32_t)s.after_cr;
    state->open = (uint64_t)((int64_t)n - s.start) - s.after_cr;
    return (int64_t)s.bare_lf;
}

int64_t smime_lines_expand(const smime_lines *state, const uint8_t *src, size_t n, size_t bare_lf, uint8_t *dst, size_t cap) {
    if (cap < n || cap - n < bare_lf) return -1;
    uint64_t after_cr = state->scanned_after_cr;
#ifdef SMIME_X86
    if (state->isa == SMIME_ISA_AVX512VBMI) return (int64_t)expand_avx512(src, n, dst, cap, after_cr);
#endif
    uint8_t *out = dst;
    const uint8_t *p = src;
    const uint8_t *end = src + n;
    while (p < end) { /* memchr and memcpy are vector code everywhere */
        const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
        const uint8_t *stop = lf ? lf : end;
        size_t size = (size_t)(stop - p);
        memcpy(out, p, size);
        out += size;
        if (!lf) break;
        if (lf > src ? lf[-1] != '\r' : !after_cr) *out++ = '\r';
        *out++ = '\n';
        p = lf + 1;
    }
    return (int64_t)(out - dst);
}

int64_t smime_lines_scan_all(uint32_t isa, const uint8_t *src, size_t n) {
    smime_lines state;
    smime_lines_init(&state, isa);
    return smime_lines_scan(&state, src, n);
}

int64_t smime_lines_expand_all(uint32_t isa, const uint8_t *src, size_t n, size_t bare_lf, uint8_t *dst, size_t cap) {
    smime_lines state;
    smime_lines_init(&state, isa);
    return smime_lines_expand(&state, src, n, bare_lf, dst, cap);
}

int64_t smime_lines_look_all(uint32_t isa, const uint8_t *src, size_t n) {
    smime_lines state;
    int64_t bare_lf;
    smime_lines_init(&state, isa);
    bare_lf = smime_lines_scan(&state, src, n);
    return bare_lf * 2 + (state.after_cr || state.flags & SMIME_LINES_BARE_CR);
}
