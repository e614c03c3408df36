/* The lines of MIME and of mailboxes as offsets (RFC 5322, RFC 2046, RFC 4155): header fields, boundary lines, From lines, and what in a text may
 * not survive transport.
 *
 * No kernel here keeps anything between two calls: each gets a buffer and a window of it, fills an array of integers and says how far the window
 * is settled. A line ends with LF, whether a CR stands before it or not. The vector loops only look for candidates: an LF with the right octets
 * after it; everything else is scalar and common to all instruction sets. smime/_kernels/python/header.py is the same in words.
 */

#include "internal.h"

#define NONE ((size_t)-1)

enum { LF = 10, CR = 13 };

static inline int is_blank(uint8_t octet) { return octet == ' ' || octet == '\t'; }

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* == finding candidates == */

/* Return the first LF in src[at..end) that has another octet inside the window, and that is a or b; or NONE. */
static size_t find_line_scalar(const uint8_t *src, size_t at, size_t end, uint8_t a, uint8_t b) {
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
static size_t find_line_avx2(const uint8_t *src, size_t at, size_t end, uint8_t a, uint8_t b) {
    const __m256i lf = _mm256_set1_epi8(LF), first = _mm256_set1_epi8((char)a), second = _mm256_set1_epi8((char)b);
    while (end - at >= 129) {
        __m256i hit[4], any;
        for (int i = 0; i < 4; i++) {
            __m256i here = _mm256_loadu_si256((const __m256i *)(const void *)(src + at + 32 * i));
            __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(src + at + 32 * i + 1));
            hit[i] = _mm256_and_si256(_mm256_cmpeq_epi8(here, lf), _mm256_or_si256(_mm256_cmpeq_epi8(next, first), _mm256_cmpeq_epi8(next, second)));
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

/* == header blocks == */

int smime_scan_header_end(const uint8_t *src, size_t start, size_t end, int64_t *out) {
    size_t line = start;
    while (line < end) {
        size_t lf;
        if (src[line] == LF) {
            out[0] = (int64_t)line;
            out[1] = (int64_t)line + 1;
            return 1;
        }
        if (src[line] == CR && line + 1 < end && src[line + 1] == LF) {
            out[0] = (int64_t)line;
            out[1] = (int64_t)line + 2;
            return 1;
        }
        lf = find_lf(src, line, end);
        if (lf == NONE) break;
        line = lf + 1;
    }
    return 0;
}

static const struct {
    uint8_t size;
    char name[26];
} KNOWN[] = {
    {0, ""},
    {12, "content-type"},
    {25, "content-transfer-encoding"},
    {19, "content-disposition"},
    {12, "mime-version"},
    {4, "from"},
    {6, "sender"},
    {7, "subject"},
    {4, "date"},
    {2, "to"},
    {10, "message-id"},
    {14, "content-length"},
};

/* Compare a field's name with one in lower case. Only letters and hyphens are in the table; a letter has bit 5 apart between its cases. */
static int same_name(const uint8_t *src, const char *name, size_t size) {
    for (size_t i = 0; i < size; i++) {
        uint8_t octet = src[i];
        if (octet >= 'A' && octet <= 'Z') octet |= 0x20;
        if (octet != (uint8_t)name[i]) return 0;
    }
    return 1;
}

static int identify(const uint8_t *src, size_t size) {
    for (int i = 1; i < (int)(sizeof KNOWN / sizeof *KNOWN); i++) {
        if (KNOWN[i].size == size && same_name(src, KNOWN[i].name, size)) return i;
    }
    return 0;
}

int smime_scan_header(const uint8_t *src, size_t start, size_t end, int first, int64_t *out, size_t cap) {
    size_t at = start, count = 0, body = NONE;
    int64_t content_type = -1;
    while (at < end && count < cap) {
        size_t next = at, stop, p;
        int64_t *record = out + count * SMIME_SCAN_FIELD;
        if (src[at] == LF || (src[at] == CR && end - at >= 2 && src[at + 1] == LF)) {
            body = at + (src[at] == LF ? 1 : 2);
            break;
        }
        do {
            size_t lf = find_lf(src, next, end);
            next = lf == NONE ? end : lf + 1;
        } while (next < end && is_blank(src[next]));
        stop = next;
        if (src[stop - 1] == LF) {
            stop--;
            if (stop > at && src[stop - 1] == CR) stop--;
        }
        for (p = at; p < stop && src[p] > ' ' && src[p] < 0x7f && src[p] != ':'; p++) {
        }
        record[0] = record[1] = record[2] = (int64_t)at;
        record[3] = (int64_t)stop;
        record[4] = SMIME_SCAN_MALFORMED;
        if (p > at) {
            size_t colon = p;
            while (colon < stop && is_blank(src[colon])) colon++;
            if (colon < stop && src[colon] == ':') {
                record[1] = (int64_t)p;
                record[2] = (int64_t)colon + 1;
                record[4] = identify(src + at, p - at);
                if (record[4] == 1 && content_type < 0) content_type = (int64_t)count * SMIME_SCAN_FIELD;
            }
        }
        if (record[4] < 0 && first && at == start) {
            p = at + (src[at] == '>');
            if (stop - at >= p - at + 5 && !memcmp(src + p, "From ", 5)) record[4] = SMIME_SCAN_ENVELOPE;
        }
        count++;
        at = next;
    }
    out += count * SMIME_SCAN_FIELD;
    out[0] = (int64_t)at;
    out[1] = body == NONE ? (int64_t)at : (int64_t)body;
    out[2] = content_type;
    return (int)count;
}

/* == Content-Type == */

enum { TOKEN = 1, PLAIN = 2, SPACE = 4 };

/* What an octet may stand in: a token without an asterisk, a value without quotes, white space. */
static const uint8_t CLASS[256] = {
    [9] = SPACE, [10] = SPACE, [13] = SPACE, [' '] = SPACE,
    ['!'] = 3, ['#'] = 3, ['$'] = 3, ['%'] = 3, ['&'] = 3, ['\''] = 3, ['*'] = 2, ['+'] = 3, ['-'] = 3, ['.'] = 3, ['/'] = 2,
    ['0'] = 3, ['1'] = 3, ['2'] = 3, ['3'] = 3, ['4'] = 3, ['5'] = 3, ['6'] = 3, ['7'] = 3, ['8'] = 3, ['9'] = 3,
    [':'] = 2, ['<'] = 2, ['='] = 2, ['>'] = 2, ['?'] = 2, ['@'] = 2,
    ['A'] = 3, ['B'] = 3, ['C'] = 3, ['D'] = 3, ['E'] = 3, ['F'] = 3, ['G'] = 3, ['H'] = 3, ['I'] = 3, ['J'] = 3, ['K'] = 3, ['L'] = 3, ['M'] = 3,
    ['N'] = 3, ['O'] = 3, ['P'] = 3, ['Q'] = 3, ['R'] = 3, ['S'] = 3, ['T'] = 3, ['U'] = 3, ['V'] = 3, ['W'] = 3, ['X'] = 3, ['Y'] = 3, ['Z'] = 3,
    ['['] = 2, [']'] = 2, ['^'] = 3, ['_'] = 3, ['`'] = 3,
    ['a'] = 3, ['b'] = 3, ['c'] = 3, ['d'] = 3, ['e'] = 3, ['f'] = 3, ['g'] = 3, ['h'] = 3, ['i'] = 3, ['j'] = 3, ['k'] = 3, ['l'] = 3, ['m'] = 3,
    ['n'] = 3, ['o'] = 3, ['p'] = 3, ['q'] = 3, ['r'] = 3, ['s'] = 3, ['t'] = 3, ['u'] = 3, ['v'] = 3, ['w'] = 3, ['x'] = 3, ['y'] = 3, ['z'] = 3,
    ['{'] = 3, ['|'] = 3, ['}'] = 3, ['~'] = 3,
};

static inline size_t span(const uint8_t *src, size_t at, size_t n, int kind) {
    while (at < n && CLASS[src[at]] & kind) at++;
    return at;
}

int smime_scan_parameters(const uint8_t *src, size_t n, int64_t *out, size_t cap) {
    size_t at = span(src, 0, n, SPACE), count = 1, p = span(src, at, n, TOKEN);
    if (p == at || p == n || src[p] != '/') return 0;
    out[0] = (int64_t)at;
    out[1] = (int64_t)p;
    at = p + 1;
    p = span(src, at, n, TOKEN);
    if (p == at) return 0;
    out[2] = (int64_t)at;
    out[3] = (int64_t)p;
    for (;;) {
        size_t value;
        at = span(src, p, n, SPACE);
        if (at == n) return (int)count;
        if (src[at] != ';') return 0;
        do {
            at = span(src, at + 1, n, SPACE);
        } while (at < n && src[at] == ';');
        if (at == n) return (int)count;
        if (count == cap) return 0;
        p = span(src, at, n, TOKEN);
        if (p == at || p == n || src[p] != '=') return 0;
        out[count * 4] = (int64_t)at;
        out[count * 4 + 1] = (int64_t)p;
        value = p + 1;
        if (value < n && src[value] == '"') {
            value++;
            for (p = value; p < n && src[p] != '"'; p++) {
                if (src[p] == '\\' || src[p] == CR || src[p] == LF) return 0;
            }
            if (p == n) return 0;
            out[count * 4 + 3] = (int64_t)p;
            p++;
        } else {
            p = span(src, value, n, PLAIN);
            if (p == value) return 0;
            out[count * 4 + 3] = (int64_t)p;
        }
        out[count * 4 + 2] = (int64_t)value;
        count++;
    }
}

/* == boundary lines == */

int smime_scan_boundary(uint32_t isa, const uint8_t *src, size_t start, size_t end, const uint8_t *delimiter, size_t size, int flags, int64_t *out,
                        size_t cap) {
    size_t floor = start, at = start, count = 0, settled;
    const int final = flags & SMIME_SCAN_FINAL;
    int bol = flags & SMIME_SCAN_LINE_START;
    while (count < cap) {
        size_t line = NONE, after, p, q, window, stop;
        int closing = 0, ended = 0, crlf = 0, complete;
        int64_t *record = out + count * 3;
        if (bol) {
            size_t head = least(size, end - at);
            if (!memcmp(src + at, delimiter, head)) {
                if (head == size) {
                    line = at;
                } else if (!final) {
                    settled = at;
                    goto done;
                }
            }
        }
        if (line == NONE) {
            size_t lf = at;
            while ((lf = find_line(isa, src, lf, end, '-', '-')) != NONE) {
                if (end - lf - 1 < size) {
                    lf = NONE;
                    break;
                }
                if (!memcmp(src + lf + 1, delimiter, size)) break;
                lf++;
            }
            if (lf == NONE) {
                settled = end;
                if (!final) {
                    /* the tail may be a line end and the beginning of a delimiter */
                    size_t low = end - floor > size ? end - size : floor, tail = end;
                    while (tail > low && src[tail - 1] != LF) tail--;
                    if (tail > low && end - tail <= size && !memcmp(src + tail, delimiter, end - tail)) {
                        settled = before_line(src, tail, floor);
                    } else if (end > floor && src[end - 1] == CR) {
                        settled = end - 1;
                    }
                }
                goto done;
            }
            line = lf + 1;
        }
        after = line + size;
        window = least(end, after + SMIME_SCAN_PADDING + 5);
        p = after;
        if (window - p >= 2 && src[p] == '-' && src[p + 1] == '-') {
            closing = 1;
            p += 2;
        }
        for (q = p; q < window && is_blank(src[q]); q++) {
        }
        stop = q;
        if (q == window) {
            ended = 1;
        } else if (src[q] == LF) {
            ended = 2;
            stop = q + 1;
        } else if (src[q] == CR) {
            if (q + 1 == window) {
                ended = 1;
                stop = q + 1;
            } else if (src[q + 1] == LF) {
                ended = 2;
                crlf = 1;
                stop = q + 2;
            }
        }
        complete = q - p <= SMIME_SCAN_PADDING && (ended == 2 || (ended == 1 && final && stop == end));
        if (complete) {
            record[0] = (int64_t)line;
            record[1] = (closing ? SMIME_SCAN_CLOSE : SMIME_SCAN_DELIMITER) | (crlf ? SMIME_SCAN_CRLF : 0) | (q > p ? SMIME_SCAN_PADDED : 0);
            record[2] = (int64_t)stop;
            floor = at = stop;
        } else if (!final && q - p <= SMIME_SCAN_PADDING && (stop == end || (stop == after && after + 1 == end && src[after] == '-'))) {
            settled = before_line(src, line, floor);
            goto done;
        } else {
            record[0] = (int64_t)line;
            record[1] = SMIME_SCAN_PREFIX;
            record[2] = (int64_t)after;
            at = after;
        }
        bol = complete;
        count++;
    }
    settled = at;
done:
    out[count * 3] = (int64_t)settled;
    return (int)count;
}

int smime_scan_dash_lines(uint32_t isa, const uint8_t *src, size_t start, size_t end, int flags, int64_t *out, size_t cap) {
    size_t at = start, count = 0, line = NONE;
    if (flags & SMIME_SCAN_LINE_START && end - start >= 2 && src[start] == '-' && src[start + 1] == '-') line = start;
    while (count < cap) {
        size_t lf, stop, bare;
        while (line == NONE) {
            lf = find_line(isa, src, at, end, '-', '-');
            if (lf == NONE) {
                at = end;
                goto done;
            }
            at = lf + 1;
            if (lf + 2 < end && src[lf + 2] == '-') line = at;
        }
        lf = find_lf(src, line, end);
        stop = lf == NONE ? end : lf;
        if (src[stop - 1] == CR) stop--;
        for (bare = stop; bare > line && is_blank(src[bare - 1]) && stop - bare <= SMIME_SCAN_PADDING; bare--) {
        }
        out[count * 3] = (int64_t)line;
        out[count * 3 + 1] = (int64_t)(stop - bare <= SMIME_SCAN_PADDING ? bare : stop);
        out[count * 3 + 2] = lf == NONE ? (int64_t)end : (int64_t)lf + 1;
        at = lf == NONE ? end : lf;
        line = NONE;
        count++;
    }
done:
    out[count * 3] = (int64_t)at;
    return (int)count;
}

/* == a body of two parts == */

enum { BATCH = 16 };

/* Index the header block of a part: where its fields end, its body, and the value of its Content-Type. Return 0 if it has no empty line, or not
 * within the limits. */
static int whole_header(const uint8_t *src, size_t start, size_t end, size_t fields, size_t header_size, int64_t *out) {
    int64_t records[BATCH * SMIME_SCAN_FIELD + 3];
    size_t at = start, count = 0;
    const size_t window = end - start > 2 && end - start - 2 > header_size ? start + header_size + 2 : end;
    out[2] = out[3] = -1;
    for (;;) {
        const int found = smime_scan_header(src, at, window, at == start, records, BATCH);
        const int64_t *behind = records + found * SMIME_SCAN_FIELD;
        if (out[2] < 0 && behind[2] >= 0) {
            out[2] = records[behind[2] + 2];
            out[3] = records[behind[2] + 3];
        }
        count += (size_t)found;
        if (count > fields) return 0;
        at = (size_t)behind[0];
        if (behind[1] > behind[0]) {
            out[0] = behind[0];
            out[1] = behind[1];
            return at - start <= header_size;
        }
        if (found < BATCH) return 0;
    }
}

int smime_scan_two_parts(uint32_t isa, const uint8_t *src, size_t end, const uint8_t *delimiter, size_t size, size_t fields, size_t header_size,
                         int64_t *out) {
    int64_t lines[4 * 3 + 1];
    size_t first, second, first_end, second_end;
    if (smime_scan_boundary(isa, src, 0, end, delimiter, size, SMIME_SCAN_LINE_START, lines, 4) != 3) return 0;
    out[15] = lines[1] & SMIME_SCAN_CRLF;
    if (lines[1] != (SMIME_SCAN_DELIMITER | out[15]) || lines[4] != lines[1] || lines[7] != (SMIME_SCAN_CLOSE | out[15])) return 0;
    first = (size_t)lines[2];
    second = (size_t)lines[5];
    first_end = before_line(src, (size_t)lines[3], first);
    second_end = before_line(src, (size_t)lines[6], second);
    out[0] = (int64_t)before_line(src, (size_t)lines[0], 0);
    out[1] = (int64_t)first;
    out[6] = (int64_t)first_end;
    out[7] = (int64_t)second;
    out[12] = (int64_t)second_end;
    out[13] = lines[8];
    out[14] = lines[9];
    return whole_header(src, first, first_end, fields, header_size, out + 2) && whole_header(src, second, second_end, fields, header_size, out + 8);
}

/* == the parts of a message ==
 *
 * The short way for messages in plain form; smime.mime.entity is the long way, and says what the rules are. Whatever needs a closer look (a
 * Content-Type with comments, an odd transfer encoding, a limit) ends it, and the long way is taken.
 */

enum { LEVELS = 16 };

typedef struct {
    uint32_t isa;
    const uint8_t *src;
    size_t end, fields, header_size, cap, count;
    int64_t *out;
    int depth;            /* of open parts */
    size_t open[LEVELS];  /* their records */
    size_t child[LEVELS]; /* where the last child of each starts, NONE without */
} tree;

static inline int64_t *part_at(const tree *t, int level) { return t->out + t->open[level] * SMIME_SCAN_PART; }

enum { DEPTH, START, FIELDS_END, BODY, END, TYPE, TYPE_END, BOUNDARY, BOUNDARY_END, PREAMBLE_END, EPILOGUE, CLOSED };

/* Judge a line that begins with two hyphens: the level of the multipart whose delimiter it is, -1 if there is none. */
static int delimiter_level(const tree *t, size_t line, size_t *after, int *closing) {
    const uint8_t *src = t->src;
    size_t lf = find_lf(src, line, t->end), stop = lf == NONE ? t->end : lf, bare;
    *after = lf == NONE ? t->end : lf + 1;
    if (src[stop - 1] == CR) stop--;
    for (bare = stop; bare > line && is_blank(src[bare - 1]); bare--) {
    }
    if (stop - bare > SMIME_SCAN_PADDING) return -1;
    for (int level = 0; level < t->depth; level++) {
        const int64_t *part = part_at(t, level);
        size_t size;
        if (part[BOUNDARY] < 0 || part[CLOSED]) continue;
        size = (size_t)(part[BOUNDARY_END] - part[BOUNDARY]);
        if (bare - line < size + 2 || memcmp(src + line + 2, src + part[BOUNDARY], size)) continue;
        if (bare - line == size + 2) {
            *closing = 0;
            return level;
        }
        if (bare - line == size + 4 && src[bare - 1] == '-' && src[bare - 2] == '-') {
            *closing = 1;
            return level;
        }
    }
    return -1;
}

/* Open the part that starts at a place, and read its header up to its empty line, a boundary line or the end. Return -1 for the long way, 1 if a
 * boundary line ended it (then *line is that line), 2 if the body is a message to open, else 0; *at is where the body starts. */
static int open_plain(tree *t, size_t *at, size_t *line, int in_digest) {
    const uint8_t *src = t->src;
    size_t p = *at, count = 0, start = *at;
    size_t type = NONE, type_end = 0, encoding = NONE, encoding_end = 0;
    int64_t *part, places[65 * 4];
    int ended = 0, kind = 0;
    if (t->depth == LEVELS || t->count == t->cap) return -1;
    part = t->out + t->count * SMIME_SCAN_PART;
    for (;;) {
        size_t next = p, stop, q, name;
        if (p >= t->end) {
            part[FIELDS_END] = part[BODY] = (int64_t)t->end;
            break;
        }
        if (src[p] == LF || (src[p] == CR && t->end - p >= 2 && src[p + 1] == LF)) {
            part[FIELDS_END] = (int64_t)p;
            part[BODY] = (int64_t)p + (src[p] == LF ? 1 : 2);
            break;
        }
        if (src[p] == '-' && t->end - p >= 2 && src[p + 1] == '-') {
            size_t after;
            int closing;
            if (delimiter_level(t, p, &after, &closing) >= 0) {
                ended = 1;
                *line = p;
                break;
            }
        }
        do {
            size_t lf = find_lf(src, next, t->end);
            next = lf == NONE ? t->end : lf + 1;
        } while (next < t->end && is_blank(src[next]));
        if (++count > t->fields) return -1;
        for (q = p; q < next && src[q] > ' ' && src[q] < 0x7f && src[q] != ':'; q++) {
        }
        name = q - p;
        if ((name == KNOWN[1].size || name == KNOWN[2].size) && (src[p] | 0x20) == 'c') {
            int identifier = identify(src + p, name);
            while (q < next && is_blank(src[q])) q++;
            stop = next;
            if (src[stop - 1] == LF) stop--;
            if (stop > q && src[stop - 1] == CR) stop--;
            if (q < stop && src[q] == ':') {
                if (identifier == 1 && type == NONE) {
                    type = q + 1;
                    type_end = stop;
                } else if (identifier == 2 && encoding == NONE) {
                    encoding = q + 1;
                    encoding_end = stop;
                }
            }
        }
        p = next;
    }
    if ((ended ? p : (size_t)part[FIELDS_END]) - start > t->header_size) return -1;
    part[DEPTH] = t->depth;
    part[START] = (int64_t)start;
    part[END] = part[BOUNDARY] = part[BOUNDARY_END] = part[PREAMBLE_END] = part[EPILOGUE] = -1;
    part[CLOSED] = 0;
    part[TYPE] = type == NONE ? -1 : (int64_t)type;
    part[TYPE_END] = type == NONE ? -1 : (int64_t)type_end;
    if (ended) part[FIELDS_END] = part[BODY] = (int64_t)p;
    if (type == NONE) {
        kind = in_digest ? 2 : 0;
    } else {
        size_t first = span(src, type, type_end, SPACE), slash = span(src, first, type_end, TOKEN);
        size_t subtype, subtype_end;
        if (slash == first || slash == type_end || src[slash] != '/') return -1;
        subtype = slash + 1;
        subtype_end = span(src, subtype, type_end, TOKEN);
        if (subtype_end == subtype) return -1;
        if (subtype_end < type_end && src[subtype_end] != ';' && !(CLASS[src[subtype_end]] & SPACE)) return -1;
        if (slash - first == 9 && same_name(src + first, "multipart", 9)) {
            size_t b, b_end;
            const int plain = smime_scan_parameters(src + type, type_end - type, places, 64);
            if (plain <= 0) return -1;
            for (int i = 1; i < plain; i++) {
                if (places[i * 4 + 1] - places[i * 4] != 8 || !same_name(src + type + places[i * 4], "boundary", 8)) continue;
                b = type + (size_t)places[i * 4 + 2];
                b_end = type + (size_t)places[i * 4 + 3];
                while (b_end > b && is_blank(src[b_end - 1])) b_end--;
                if (b_end > b) {
                    part[BOUNDARY] = (int64_t)b;
                    part[BOUNDARY_END] = (int64_t)b_end;
                }
                break;
            }
        } else if (slash - first == 7 && same_name(src + first, "message", 7)) {
            size_t size = subtype_end - subtype;
            if ((size == 6 && same_name(src + subtype, "rfc822", 6)) || (size == 6 && same_name(src + subtype, "global", 6)) ||
                (size == 4 && same_name(src + subtype, "news", 4))) {
                kind = 2;
            }
        }
    }
    if (t->depth) t->child[t->depth - 1] = start;
    t->open[t->depth] = t->count++;
    t->child[t->depth] = NONE;
    t->depth++;
    *at = (size_t)part[BODY];
    if (kind == 2 && !ended && part[BODY] > part[FIELDS_END] && (size_t)part[BODY] < t->end) {
        if (encoding != NONE) {
            size_t first = span(src, encoding, encoding_end, SPACE), last = encoding_end, size;
            while (last > first && CLASS[src[last - 1]] & SPACE) last--;
            size = last - first;
            if (size == 6 && same_name(src + first, "base64", 6)) return 0;
            if (size == 16 && same_name(src + first, "quoted-printable", 16)) return 0;
            if (!(size == 4 && (same_name(src + first, "7bit", 4) || same_name(src + first, "8bit", 4))) &&
                !(size == 6 && same_name(src + first, "binary", 6))) {
                return -1;
            }
        }
        return 2;
    }
    return ended;
}

/* Open a part, and the messages that begin with it. */
static int open_all(tree *t, size_t *at, size_t *line, int in_digest) {
    int ended = open_plain(t, at, line, in_digest);
    while (ended == 2) ended = open_plain(t, at, line, 0);
    return ended;
}

int smime_scan_message(uint32_t isa, const uint8_t *src, size_t end, size_t fields, size_t header_size, int64_t *out, size_t cap) {
    tree t = {isa, src, end, fields, header_size, cap, 0, out, 0, {0}, {0}};
    size_t at = 0, line = 0;
    int ended = open_all(&t, &at, &line, 0), fresh = 1; /* at is the beginning of a line that was not looked at yet */
    if (ended < 0) return -1;
    for (;;) {
        size_t after, stop, floor;
        int level, closing = 0;
        int64_t *part;
        if (!ended) {
            if (fresh && end - at >= 2 && src[at] == '-' && src[at + 1] == '-') {
                line = at;
            } else {
                size_t lf = at;
                do {
                    lf = find_line(isa, src, lf, end, '-', '-');
                    if (lf == NONE) break;
                    lf++;
                } while (lf + 1 >= end || src[lf + 1] != '-');
                if (lf == NONE) break;
                line = lf;
            }
        }
        level = delimiter_level(&t, line, &after, &closing);
        ended = 0;
        if (level < 0) {
            at = line + 1;
            fresh = 0;
            continue;
        }
        part = part_at(&t, level);
        floor = t.child[level] == NONE ? (size_t)part[BODY] : t.child[level];
        stop = line;
        if (stop > floor && src[stop - 1] == LF) {
            stop--;
            if (stop > floor && src[stop - 1] == CR) stop--;
        }
        while (t.depth > level + 1) {
            int64_t *inner = part_at(&t, --t.depth);
            int64_t limit = (int64_t)stop;
            inner[END] = limit;
            if (inner[START] > limit) inner[START] = limit;
            if (inner[FIELDS_END] > limit) inner[FIELDS_END] = limit;
            if (inner[BODY] > limit) inner[BODY] = limit;
            if (inner[PREAMBLE_END] > limit) inner[PREAMBLE_END] = limit;
            if (inner[EPILOGUE] > limit) inner[EPILOGUE] = limit;
        }
        if (part[PREAMBLE_END] < 0) part[PREAMBLE_END] = (int64_t)stop;
        at = after;
        fresh = 1;
        if (closing) {
            part[CLOSED] = 1;
            part[EPILOGUE] = (int64_t)after;
        } else {
            const size_t type_end = (size_t)part[TYPE_END], slash = span(src, span(src, (size_t)part[TYPE], type_end, SPACE), type_end, TOKEN);
            const size_t size = span(src, slash + 1, type_end, TOKEN) - slash - 1;
            ended = open_all(&t, &at, &line, size == 6 && same_name(src + slash + 1, "digest", 6));
            if (ended < 0) return -1;
        }
    }
    while (t.depth) part_at(&t, --t.depth)[END] = (int64_t)end;
    return (int)t.count;
}

/* == mailboxes == */

/* The size of the empty line before a line, 0 if there is none. */
static size_t empty_line(const uint8_t *src, size_t line, size_t floor, int bol) {
    size_t p;
    if (line == floor) return 0;
    p = line - 1;
    if (p > floor && src[p - 1] == CR) p--;
    if (p == floor ? bol : src[p - 1] == LF) return line - p;
    return 0;
}

/* A token of 3 to 8 octets: 1 for a time, 2 for a month or a year. */
static int date_token(const uint8_t *token, size_t size) {
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint32_t digits = 0; /* bit i: octet i is a digit */
    if (size < 3 || size > 8) return 0;
    for (size_t i = 0; i < size; i++) digits |= (uint32_t)(token[i] >= '0' && token[i] <= '9') << i;
    if (size == 3) {
        for (int i = 0; i < 36; i += 3) {
            if (!memcmp(token, MONTHS + i, 3)) return 2;
        }
        return 0;
    }
    if (size == 4 && digits == 15) return (token[0] == '1' && token[1] == '9') || (token[0] == '2' && token[1] == '0') ? 2 : 0;
    if (token[1] == ':') { /* d:dd or d:dd:dd */
        if (size == 4) return digits == 0x0d;
        return size == 7 && token[4] == ':' && digits == 0x6d;
    }
    if (token[2] == ':') { /* dd:dd or dd:dd:dd */
        if (size == 5) return digits == 0x1b;
        return size == 8 && token[5] == ':' && digits == 0xdb;
    }
    return 0;
}

static int is_dated(const uint8_t *src, size_t at, size_t end) {
    int seen = 0;
    while (at < end) {
        size_t token;
        while (at < end && (src[at] == ' ' || (src[at] >= 9 && src[at] <= 13))) at++;
        token = at;
        while (at < end && src[at] != ' ' && (src[at] < 9 || src[at] > 13)) at++;
        seen |= date_token(src + token, at - token);
    }
    return seen == 3;
}

/* The value of a line that is a Content-Length field, or -1. */
static int64_t content_length(const uint8_t *src, size_t line, size_t end) {
    size_t p = line + 14, digits;
    int64_t value = 0;
    if (end - line < 16 || (src[line] | 0x20) != 'c' || !same_name(src + line, KNOWN[11].name, 14)) return -1;
    while (p < end && is_blank(src[p])) p++;
    if (p == end || src[p] != ':') return -1;
    p++;
    while (p < end && is_blank(src[p])) p++;
    for (digits = p; p < end && src[p] >= '0' && src[p] <= '9' && p - digits < 15; p++) value = value * 10 + (src[p] - '0');
    if (p == digits) return -1;
    while (p < end && is_blank(src[p])) p++;
    if (p < end && src[p] == CR) p++;
    return p == end || src[p] == LF ? value : -1;
}

/* 1 for ">From ", 2 for more ">" before it, 0 for other lines; src[line] is a ">". */
static int quoted_line(const uint8_t *src, size_t line, size_t end) {
    size_t p = line;
    while (p < end && p - line < SMIME_SCAN_QUOTES && src[p] == '>') p++;
    if (end - p < 5 || memcmp(src + p, "From ", 5)) return 0;
    return p - line == 1 ? 1 : 2;
}

/* Whether a tail of the buffer may be the beginning of a From line, quoted or not, or of an empty line. */
static int from_begins(const uint8_t *src, size_t line, size_t end) {
    size_t p = line;
    if (end - line == 1 && src[line] == CR) return 1;
    while (p < end && p - line < SMIME_SCAN_QUOTES && src[p] == '>') p++;
    return end - p <= 4 && !memcmp(src + p, "From", end - p);
}

int smime_scan_mbox(uint32_t isa, const uint8_t *src, size_t start, size_t end, int flags, int64_t *out, size_t cap) {
    size_t floor = start, search = start, count = 0, settled;
    const int final = flags & SMIME_SCAN_FINAL;
    int bol = flags & SMIME_SCAN_LINE_START, first = flags & SMIME_SCAN_AFTER_EMPTY;
    int64_t quotes[3] = {0, 0, 0};
    while (count < cap) {
        size_t line = NONE, next, window, body, p, empty;
        int64_t length = -1, *record = out + count * SMIME_SCAN_MBOX;
        if (bol && search == floor && floor < end) {
            if (src[floor] == '>') quotes[quoted_line(src, floor, end)]++;
            if (end - floor >= 5 && !memcmp(src + floor, "From ", 5)) line = floor;
        }
        while (line == NONE) {
            size_t lf = find_line(isa, src, search, end, 'F', '>');
            if (lf == NONE) break;
            search = lf + 1;
            if (src[search] == '>') {
                quotes[quoted_line(src, search, end)]++;
            } else if (end - search >= 5 && !memcmp(src + search, "From ", 5)) {
                line = search;
            }
        }
        if (line == NONE) {
            settled = end;
            if (!final) {
                size_t low = end - floor > SMIME_SCAN_QUOTES + 8 ? end - SMIME_SCAN_QUOTES - 8 : floor, tail = end;
                while (tail > low && src[tail - 1] != LF) tail--;
                if (tail == low) tail = bol && end - floor <= SMIME_SCAN_QUOTES + 8 ? floor : NONE;
                if (tail != NONE && from_begins(src, tail, end)) settled = before_line(src, before_line(src, tail, floor), floor);
            }
            goto done;
        }
        next = find_lf(src, line, least(end, line + SMIME_SCAN_LINE + 2));
        if (next != NONE) {
            next++;
        } else {
            if (end - line >= SMIME_SCAN_LINE + 2) {
                search = line + 1; /* too long for a separator */
                continue;
            }
            if (!final) {
                settled = before_line(src, before_line(src, line, floor), floor);
                goto done;
            }
            next = end;
        }
        window = least(end, next + SMIME_SCAN_MBOX_HEADER);
        body = NONE;
        for (p = next - 1; p < window;) { /* p is the LF before a line */
            size_t here = p + 1;
            int64_t value;
            if (src[p] != LF) break; /* the From line was the end of the data */
            if (here < window && src[here] == LF) {
                body = here + 1;
                break;
            }
            if (here + 1 < window && src[here] == CR && src[here + 1] == LF) {
                body = here + 2;
                break;
            }
            if (window - here >= 5 && here < window && !memcmp(src + here, "From ", 5)) {
                body = here;
                break;
            }
            if (length < 0 && here < window && (value = content_length(src, here, window)) >= 0) length = value;
            p = find_lf(src, here, window);
            if (p == NONE) break;
        }
        if (body == NONE) {
            body = window;
            if (window == next + SMIME_SCAN_MBOX_HEADER) {
                length = -1;
            } else if (!final) {
                settled = before_line(src, before_line(src, line, floor), floor);
                goto done;
            }
        }
        empty = empty_line(src, line, floor, bol);
        record[0] = (int64_t)(line - empty);
        record[1] = (int64_t)line;
        record[2] = (int64_t)next;
        record[3] = (int64_t)body;
        record[4] = length;
        record[5] = (empty || (first && line == floor) ? SMIME_SCAN_AFTER_EMPTY : 0) |
                    (is_dated(src, line + 5, least(next, line + 256)) ? SMIME_SCAN_DATED : 0);
        record[6] = quotes[1];
        record[7] = quotes[2];
        quotes[1] = quotes[2] = 0;
        floor = search = next;
        bol = 1;
        first = 0;
        count++;
    }
    settled = floor;
done:
    if (quotes[1] || quotes[2]) {
        int64_t *record = out + count * SMIME_SCAN_MBOX;
        record[0] = record[4] = -1;
        record[1] = record[2] = record[3] = (int64_t)settled;
        record[5] = 0;
        record[6] = quotes[1];
        record[7] = quotes[2];
        count++;
    }
    out[count * SMIME_SCAN_MBOX] = (int64_t)settled;
    return (int)count;
}

/* == what may not survive transport == */

typedef struct {
    const uint8_t *src;
    size_t end;
    size_t line; /* where the open line starts */
    int found;
} text;

static inline void end_text_line(text *t, size_t lf) {
    size_t stop = lf > t->line && t->src[lf - 1] == CR ? lf - 1 : lf;
    if (stop - t->line > SMIME_SCAN_LINE) t->found |= SMIME_SCAN_LONG_LINE;
    t->line = lf + 1;
}

/* Look at a line that begins with F or a dot. */
static void begin_text_line(text *t, size_t line) {
    const uint8_t *src = t->src;
    size_t left = t->end - line;
    if (left >= 5 && !memcmp(src + line, "From ", 5)) t->found |= SMIME_SCAN_FROM_LINE;
    if (src[line] == '.' && (left == 1 || src[line + 1] == LF || (left >= 3 && src[line + 1] == CR && src[line + 2] == LF))) {
        t->found |= SMIME_SCAN_DOT_LINE;
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
            if (p > 0 && is_blank(src[p - 1])) t->found |= SMIME_SCAN_TRAILING_BLANK;
            if (at + 1 < end && (src[at + 1] == 'F' || src[at + 1] == '.')) begin_text_line(t, at + 1);
        } else if (octet == CR) {
            if (at + 1 == end || src[at + 1] != LF) t->found |= SMIME_SCAN_BARE_CR;
        } else if (octet & 0x80) {
            t->found |= SMIME_SCAN_EIGHT_BIT;
        } else if (octet == 0) {
            t->found |= SMIME_SCAN_NUL;
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
#define MASK(expression_a, expression_b) \
    ((uint64_t)(uint32_t)_mm256_movemask_epi8(expression_a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(expression_b) << 32)
        uint64_t lf = MASK(_mm256_cmpeq_epi8(a, lf_), _mm256_cmpeq_epi8(b, lf_));
        uint64_t cr = MASK(_mm256_cmpeq_epi8(a, cr_), _mm256_cmpeq_epi8(b, cr_));
        uint64_t high = MASK(a, b);
        __m256i nul = _mm256_cmpeq_epi8(_mm256_min_epu8(a, b), zero);
        uint64_t after_cr = cr << 1 | before_cr, after_lf = lf << 1 | before_lf;
        if (SMIME_UNLIKELY(high != 0)) t->found |= SMIME_SCAN_EIGHT_BIT;
        if (SMIME_UNLIKELY(!_mm256_testz_si256(nul, nul))) t->found |= SMIME_SCAN_NUL;
        if (SMIME_UNLIKELY((after_cr & ~lf) != 0)) t->found |= SMIME_SCAN_BARE_CR;
        if (lf | before_lf) {
            uint64_t blank = MASK(_mm256_or_si256(_mm256_cmpeq_epi8(a, space), _mm256_cmpeq_epi8(a, tab)),
                                  _mm256_or_si256(_mm256_cmpeq_epi8(b, space), _mm256_cmpeq_epi8(b, tab)));
            uint64_t starts = after_lf & MASK(_mm256_or_si256(_mm256_cmpeq_epi8(a, f_), _mm256_cmpeq_epi8(a, dot)),
                                              _mm256_or_si256(_mm256_cmpeq_epi8(b, f_), _mm256_cmpeq_epi8(b, dot)));
            uint64_t after_blank = blank << 1 | before_blank, after_blank2 = blank << 2 | before_blank << 1 | before_blank2;
            if (lf & (after_blank | (after_cr & after_blank2))) t->found |= SMIME_SCAN_TRAILING_BLANK;
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
        if (before_cr && (p == t->end || src[p] != LF)) t->found |= SMIME_SCAN_BARE_CR;
        if (before_lf && p < t->end && (src[p] == 'F' || src[p] == '.')) begin_text_line(t, p);
    }
    return at;
}
#endif

int smime_scan_hazards(uint32_t isa, const uint8_t *src, size_t n) {
    text t = {src, n, 0, 0};
    size_t at = 0;
    if (!n) return 0;
    if (src[0] == 'F' || src[0] == '.') begin_text_line(&t, 0);
#ifdef SMIME_X86
    if (isa == SMIME_ISA_AVX2 || isa == SMIME_ISA_AVX512VBMI) at = hazards_avx2(&t);
#endif
    (void)isa;
    hazards_scalar(&t, at);
    if (is_blank(src[n - 1])) t.found |= SMIME_SCAN_TRAILING_BLANK;
    if (n - t.line > SMIME_SCAN_LINE) t.found |= SMIME_SCAN_LONG_LINE; /* the last line may be open */
    return t.found;
}

/* == a mail to be protected == */

static int is_inner_field(const uint8_t *src, const int64_t *record) {
    switch (record[4]) {
    case 0: return record[1] - record[0] >= 8 && same_name(src + record[0], "content-", 8);
    case 1: case 2: case 3: case 4: case 11: return 1;
    default: return 0;
    }
}

/* Whether a Content-Type is that of a multipart or of a message; -1 if that takes a closer look. */
static int is_composite(const uint8_t *src, size_t at, size_t end) {
    const size_t first = span(src, at, end, SPACE), slash = span(src, first, end, TOKEN);
    if (slash == first || slash == end || src[slash] != '/') return -1;
    return (slash - first == 9 && same_name(src + first, "multipart", 9)) || (slash - first == 7 && same_name(src + first, "message", 7));
}

/* Whether a message of several parts, whose text is safe, is in the very form in which it would be written again. */
static int is_untouched(uint32_t isa, const uint8_t *src, size_t end, size_t fields, size_t header_size) {
    int64_t parts[SMIME_SCAN_PARTS * SMIME_SCAN_PART];
    const int count = smime_scan_message(isa, src, end, fields, header_size, parts, SMIME_SCAN_PARTS);
    if (count <= 0) return 0;
    for (int i = 0; i < count; i++) {
        const int64_t *part = parts + i * SMIME_SCAN_PART;
        const size_t body = (size_t)part[BODY], stop = (size_t)part[END];
        size_t size;
        if (part[DEPTH] && (stop >= end || (src[stop] != CR && src[stop] != LF))) return 0; /* empty: its delimiter has no line end in front */
        if (part[BOUNDARY] < 0) {
            if (part[TYPE] >= 0 && is_composite(src, (size_t)part[TYPE], (size_t)part[TYPE_END])) return 0;
            continue;
        }
        if (!part[CLOSED] || src[part[EPILOGUE] - 1] != LF) return 0;
        for (size_t p = (size_t)part[START]; p + KNOWN[2].size <= (size_t)part[FIELDS_END]; p++) {
            if ((src[p] | 0x20) == 'c' && same_name(src + p, KNOWN[2].name, KNOWN[2].size)) return 0;
        }
        if (i + 1 == count || part[SMIME_SCAN_PART + DEPTH] <= part[DEPTH]) return 0; /* nothing but the close delimiter */
        size = (size_t)(part[BOUNDARY_END] - part[BOUNDARY]);
        if (part[PREAMBLE_END] <= part[BODY] &&
            (end - body < size + 2 || src[body] != '-' || src[body + 1] != '-' || memcmp(src + body + 2, src + part[BOUNDARY], size))) {
            return 0; /* an empty line before the first delimiter, which would not be written */
        }
    }
    return 1;
}

int smime_scan_split(uint32_t isa, const uint8_t *src, size_t end, int safe, size_t fields, size_t header_size, int64_t *out, size_t cap) {
    int64_t records[(SMIME_SCAN_SPLIT + 1) * SMIME_SCAN_FIELD + 3];
    const size_t most = least(fields, SMIME_SCAN_SPLIT), window = end > 2 && end - 2 > header_size ? header_size + 2 : end;
    const size_t count = (size_t)smime_scan_header(src, 0, window, 1, records, most + 1);
    const int64_t *behind = records + count * SMIME_SCAN_FIELD;
    const size_t stop = (size_t)behind[0], body = (size_t)behind[1];
    size_t made = 2, start = 0;
    int inside = -1;
    if (body == stop || !count || count > most || stop > header_size || cap < count + 3) return 0;
    for (size_t i = 0; i <= count; i++) {
        const int64_t *record = records + i * SMIME_SCAN_FIELD;
        const size_t at = i < count ? (size_t)record[0] : stop;
        int inner = -1;
        if (i < count) {
            if (record[4] < 0) return 0;
            inner = is_inner_field(src, record);
            if (!inner && record[2] != record[1] + 1) return 0; /* blanks before the colon are left out when the field is written */
            if (inner == inside) continue;
        }
        if (!inside && smime_scan_hazards(isa, src + start, at - start) & (SMIME_SCAN_BARE_CR | SMIME_SCAN_NUL)) return 0;
        if (i == 0) out[1] = inner;
        out[made++] = (int64_t)at;
        start = at;
        inside = inner;
    }
    if (safe) {
        if (smime_scan_hazards(isa, src + body, end - body)) return 0;
        if (behind[2] >= 0) {
            const int64_t *type = records + behind[2];
            const int composite = is_composite(src, (size_t)type[2], (size_t)type[3]);
            if (composite < 0 || (composite && (safe < 2 || !is_untouched(isa, src, end, fields, header_size)))) return 0;
        }
    }
    out[0] = smime_lines_scan_all(isa, src, end);
    return (int)made;
}
