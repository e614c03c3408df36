/* What in a text may not survive transport (RFC 2045 section 2.7, RFC 5322 section 2.1.1, RFC 8551 section 3.1.3).
 *
 * smime/_kernels/python/hazards.py is the same in words. */

#include "scan.h"

typedef struct {
    const uint8_t *src;
    size_t end;
    size_t line; /* where the open line starts */
    int found;
} text;

static inline void end_text_line(text *t, size_t lf) {
    size_t stop = lf > t->line && t->src[lf - 1] == CR ? lf - 1 : lf;
    if (stop - t->line > SMIME_SCAN_LINE) t->found |= SMIME_HAZARDS_LONG_LINE;
    t->line = lf + 1;
}

/* Look at a line that begins with F or a dot. */
static void begin_text_line(text *t, size_t line) {
    const uint8_t *src = t->src;
    size_t left = t->end - line;
    if (is_from(src, line, t->end)) t->found |= SMIME_HAZARDS_FROM_LINE;
    if (src[line] == '.' && (left == 1 || src[line + 1] == LF || (left >= 3 && src[line + 1] == CR && src[line + 2] == LF))) {
        t->found |= SMIME_HAZARDS_DOT_LINE;
    }
}

static void hazards_scalar(text *t, size_t at) {
    const uint8_t *src = t->src;
    const size_t end = t->end;
    for (; at < end; at++) {
        uint8_t octet = src[at];
        if (octet == LF) {
            size_t p = at;
            end_text_line(t, at);
            if (p > 0 && src[p - 1] == CR) p--;
            if (p > 0 && is_blank(src[p - 1])) t->found |= SMIME_HAZARDS_TRAILING_BLANK;
            if (at + 1 < end && (src[at + 1] == 'F' || src[at + 1] == '.')) begin_text_line(t, at + 1);
        } else if (octet == CR) {
            if (at + 1 == end || src[at + 1] != LF) t->found |= SMIME_HAZARDS_BARE_CR;
        } else if (octet & 0x80) {
            t->found |= SMIME_HAZARDS_EIGHT_BIT;
        } else if (octet == 0) {
            t->found |= SMIME_HAZARDS_NUL;
        }
    }
}

#ifdef SMIME_X86
SMIME_TARGET_AVX2
static size_t hazards_avx2(text *t) {
    const uint8_t *src = t->src;
    size_t at = 0;
    const __m256i lf_ = _mm256_set1_epi8(LF), cr_ = _mm256_set1_epi8(CR), space = _mm256_set1_epi8(' '), tab = _mm256_set1_epi8('\t');
    const __m256i zero = _mm256_setzero_si256(), f_ = _mm256_set1_epi8('F'), dot = _mm256_set1_epi8('.');
    uint64_t before_cr = 0, before_blank = 0, before_blank2 = 0, before_lf = 0; /* what the octets before the block were */
    while (t->end - at >= 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(src + at));
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(src + at + 32));
#define MASK(expression_a, expression_b)                                                                                                   \
    ((uint64_t)(uint32_t)_mm256_movemask_epi8(expression_a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(expression_b) << 32)
        uint64_t lf = MASK(_mm256_cmpeq_epi8(a, lf_), _mm256_cmpeq_epi8(b, lf_));
        uint64_t cr = MASK(_mm256_cmpeq_epi8(a, cr_), _mm256_cmpeq_epi8(b, cr_));
        uint64_t high = MASK(a, b);
        __m256i nul = _mm256_cmpeq_epi8(_mm256_min_epu8(a, b), zero);
        uint64_t after_cr = cr << 1 | before_cr, after_lf = lf << 1 | before_lf;
        if (SMIME_UNLIKELY(high != 0)) t->found |= SMIME_HAZARDS_EIGHT_BIT;
        if (SMIME_UNLIKELY(!_mm256_testz_si256(nul, nul))) t->found |= SMIME_HAZARDS_NUL;
        if (SMIME_UNLIKELY((after_cr & ~lf) != 0)) t->found |= SMIME_HAZARDS_BARE_CR;
        if (lf | before_lf) {
            uint64_t blank = MASK(_mm256_or_si256(_mm256_cmpeq_epi8(a, space), _mm256_cmpeq_epi8(a, tab)),
                                  _mm256_or_si256(_mm256_cmpeq_epi8(b, space), _mm256_cmpeq_epi8(b, tab)));
            uint64_t starts = after_lf & MASK(_mm256_or_si256(_mm256_cmpeq_epi8(a, f_), _mm256_cmpeq_epi8(a, dot)),
                                              _mm256_or_si256(_mm256_cmpeq_epi8(b, f_), _mm256_cmpeq_epi8(b, dot)));
            uint64_t after_blank = blank << 1 | before_blank, after_blank2 = blank << 2 | before_blank << 1 | before_blank2;
            if (lf & (after_blank | (after_cr & after_blank2))) t->found |= SMIME_HAZARDS_TRAILING_BLANK;
            while (starts) {
                begin_text_line(t, at + (size_t)smime_lowest(starts));
                starts &= starts - 1;
            }
            if (lf) {
                end_text_line(t, at + (size_t)smime_lowest(lf));
                t->line = at + (size_t)smime_highest(lf) + 1;
            }
        }
#undef MASK
        before_cr = cr >> 63;
        before_lf = lf >> 63;
        before_blank = is_blank(src[at + 63]);
        before_blank2 = is_blank(src[at + 62]);
        at += 64;
    }
    /* the scalar code looks back itself; what the last block left open at its border it sees again */
    if (at) {
        size_t p = at;
        if (before_cr && (p == t->end || src[p] != LF)) t->found |= SMIME_HAZARDS_BARE_CR;
        if (before_lf && p < t->end && (src[p] == 'F' || src[p] == '.')) begin_text_line(t, p);
    }
    return at;
}
#endif

int smime_hazards_find(uint32_t isa, const uint8_t *src, size_t n) {
    text t = {src, n, 0, 0};
    size_t at = 0;
    if (!n) return 0;
    if (src[0] == 'F' || src[0] == '.') begin_text_line(&t, 0);
#ifdef SMIME_X86
    if (isa == SMIME_ISA_AVX2 || isa == SMIME_ISA_AVX512VBMI) at = hazards_avx2(&t);
#endif
    (void)isa;
    hazards_scalar(&t, at);
    if (is_blank(src[n - 1])) t.found |= SMIME_HAZARDS_TRAILING_BLANK;
    if (n - t.line > SMIME_SCAN_LINE) t.found |= SMIME_HAZARDS_LONG_LINE; /* the last line may be open */
    return t.found;
}
