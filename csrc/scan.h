/* What the scanners share: lines and their ends, names in any case, the octets of MIME's tokens. Not for cffi.
 *
 * A scanner keeps nothing between two calls: it gets a buffer and a window of it, fills an array of integers and says how far the window is
 * settled. A line ends with LF, whether a CR stands before it or not. The vector loops look for candidates only: an LF with the right
 * octets after it; everything else is scalar and common to all instruction sets.
 */
#ifndef SMIME_SCAN_H
#define SMIME_SCAN_H

#include "internal.h"

#define NONE ((size_t)-1)

enum { LF = 10, CR = 13 };

static inline int is_blank(uint8_t octet) { return octet == ' ' || octet == '\t'; }

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* == lines == */

/* Return the first LF in src[at..end) that has another octet inside the window, and that is a or b; or NONE. */
static inline size_t find_line_scalar(const uint8_t *src, size_t at, size_t end, uint8_t a, uint8_t b) {
    while (at + 1 < end) {
        const uint8_t *lf = memchr(src + at, LF, end - 1 - at);
        if (!lf) return NONE;
        at = (size_t)(lf - src);
        if (src[at + 1] == a || src[at + 1] == b) return at;
        at++;
    }
    return NONE;
}

#ifdef SMIME_X86
SMIME_TARGET_AVX2
static inline size_t find_line_avx2(const uint8_t *src, size_t at, size_t end, uint8_t a, uint8_t b) {
    const __m256i lf = _mm256_set1_epi8(LF), first = _mm256_set1_epi8((char)a), second = _mm256_set1_epi8((char)b);
    while (end - at >= 129) {
        __m256i hit[4], any;
        for (int i = 0; i < 4; i++) {
            __m256i here = _mm256_loadu_si256((const __m256i *)(const void *)(src + at + 32 * i));
            __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(src + at + 32 * i + 1));
            hit[i] = _mm256_and_si256(_mm256_cmpeq_epi8(here, lf),
                                      _mm256_or_si256(_mm256_cmpeq_epi8(next, first), _mm256_cmpeq_epi8(next, second)));
        }
        any = _mm256_or_si256(_mm256_or_si256(hit[0], hit[1]), _mm256_or_si256(hit[2], hit[3]));
        if (SMIME_UNLIKELY(!_mm256_testz_si256(any, any))) {
            for (int i = 0; i < 4; i++) {
                uint32_t mask = (uint32_t)_mm256_movemask_epi8(hit[i]);
                if (mask) return at + 32 * (size_t)i + (size_t)smime_lowest(mask);
            }
        }
        at += 128;
    }
    return find_line_scalar(src, at, end, a, b);
}
#endif

static inline size_t find_line(uint32_t isa, const uint8_t *src, size_t at, size_t end, uint8_t a, uint8_t b) {
#ifdef SMIME_X86
    if (isa == SMIME_ISA_AVX2 || isa == SMIME_ISA_AVX512VBMI) return find_line_avx2(src, at, end, a, b);
#endif
    (void)isa;
    return find_line_scalar(src, at, end, a, b);
}

static inline size_t find_lf(const uint8_t *src, size_t at, size_t end) {
    const uint8_t *lf = at < end ? memchr(src + at, LF, end - at) : NULL;
    return lf ? (size_t)(lf - src) : NONE;
}

/* Where the line end before a line starts. */
static inline size_t before_line(const uint8_t *src, size_t line, size_t floor) {
    if (line > floor && src[line - 1] == LF) {
        line--;
        if (line > floor && src[line - 1] == CR) line--;
    }
    return line;
}

/* The size of the empty line at a place, 0 if there is none. */
static inline size_t empty_line_size(const uint8_t *src, size_t line, size_t end) {
    uint8_t octet;
    if (line >= end) return 0;
    octet = src[line];
    if (octet == LF) return 1;
    return octet == CR && end - line >= 2 && src[line + 1] == LF ? 2 : 0;
}

static inline int is_from(const uint8_t *src, size_t line, size_t end) { return line + 5 <= end && !memcmp(src + line, "From ", 5); }

/* == names and fields == */

/* Compare a field's name with one in lower case. Only letters and hyphens are in the table; a letter has bit 5 apart between its cases. */
static inline int same_name(const uint8_t *src, const char *name, size_t size) {
    for (size_t i = 0; i < size; i++) {
        uint8_t octet = src[i];
        if (octet >= 'A' && octet <= 'Z') octet |= 0x20;
        if (octet != (uint8_t)name[i]) return 0;
    }
    return 1;
}

static inline int is_name(const uint8_t *src, size_t size, const char *name) { return size == strlen(name) && same_name(src, name, size); }

/* The fields that the scanners know, and where they stand in the table (header.c); 0 is every other field. */
enum {
    FIELD_OTHER,
    FIELD_CONTENT_TYPE,
    FIELD_CONTENT_TRANSFER_ENCODING,
    FIELD_CONTENT_DISPOSITION,
    FIELD_MIME_VERSION,
    FIELD_FROM,
    FIELD_SENDER,
    FIELD_SUBJECT,
    FIELD_DATE,
    FIELD_TO,
    FIELD_MESSAGE_ID,
    FIELD_CONTENT_LENGTH,
    FIELDS_KNOWN
};

typedef struct {
    uint8_t size;
    char name[26];
} smime_field_name;

extern const smime_field_name SMIME_FIELD_NAMES[FIELDS_KNOWN];

static inline int is_field(const uint8_t *src, size_t size, int field) {
    return size == SMIME_FIELD_NAMES[field].size && same_name(src, SMIME_FIELD_NAMES[field].name, size);
}

/* Return where the field that starts at a place ends: behind the line end that no blank follows. */
static inline size_t next_field(const uint8_t *src, size_t at, size_t end) {
    do {
        const size_t lf = find_lf(src, at, end);
        at = lf == NONE ? end : lf + 1;
    } while (at < end && is_blank(src[at]));
    return at;
}

/* == tokens and values of MIME (RFC 2045 section 5.1) == */

enum { TOKEN = 1, PLAIN = 2, SPACE = 4 };

/* What an octet may stand in: a token without an asterisk, a value without quotes, white space (header.c). */
extern const uint8_t SMIME_OCTET_CLASS[256];

static inline size_t span(const uint8_t *src, size_t at, size_t n, int kind) {
    while (at < n && SMIME_OCTET_CLASS[src[at]] & kind) at++;
    return at;
}

/* == the records of parts (parts.c) == */

enum {
    PART_DEPTH,
    PART_START,
    PART_FIELDS_END,
    PART_BODY,
    PART_END,
    PART_TYPE,
    PART_TYPE_END,
    PART_BOUNDARY,
    PART_BOUNDARY_END,
    PART_PREAMBLE_END,
    PART_EPILOGUE,
    PART_CLOSED
};

#endif
