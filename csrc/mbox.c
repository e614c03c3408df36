/* The From lines of a mailbox as offsets (RFC 4155).
 *
 * smime/_kernels/python/mbox.py is the same in words. */

#include "scan.h"

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
    if (end - line < 16 || (src[line] | 0x20) != 'c' || !same_name(src + line, SMIME_FIELD_NAMES[FIELD_CONTENT_LENGTH].name, 14)) return -1;
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
    while (p < end && p - line < SMIME_MBOX_QUOTES && src[p] == '>') p++;
    if (!is_from(src, p, end)) return 0;
    return p - line == 1 ? 1 : 2;
}

/* Where the two line ends before a line start: what has to be kept to see whether an empty line stands there. */
static size_t before_lines(const uint8_t *src, size_t line, size_t floor) { return before_line(src, before_line(src, line, floor), floor); }

/* The header of a message in a mailbox: return its body, NONE if it is not in the window, and note its Content-Length or -1. */
static size_t read_header(const uint8_t *src, size_t start, size_t end, int64_t *length) {
    *length = -1;
    for (size_t at = start; at < end;) {
        const size_t empty = empty_line_size(src, at, end);
        size_t lf;
        if (empty) return at + empty;
        if (is_from(src, at, end)) return at;
        if (*length < 0) *length = content_length(src, at, end);
        lf = find_lf(src, at, end);
        if (lf == NONE) break;
        at = lf + 1;
    }
    return NONE;
}

typedef struct {
    uint32_t isa;
    const uint8_t *src;
    size_t end;
    size_t floor;      /* behind the last From line */
    size_t search;     /* where to look for the next one */
    int bol;           /* floor is the beginning of a line */
    int64_t quotes[3]; /* lines since then by what quoted_line says of them */
} mailbox;

/* Return the next line that begins with "From ", NONE if there is none; the quoted ones on the way are counted. */
static size_t find_from(mailbox *box) {
    const uint8_t *src = box->src;
    if (box->bol && box->search == box->floor && box->floor < box->end) {
        if (src[box->floor] == '>') box->quotes[quoted_line(src, box->floor, box->end)]++;
        if (is_from(src, box->floor, box->end)) return box->floor;
    }
    for (;;) {
        const size_t lf = find_line(box->isa, src, box->search, box->end, 'F', '>');
        if (lf == NONE) return NONE;
        box->search = lf + 1;
        if (src[box->search] == '>') {
            box->quotes[quoted_line(src, box->search, box->end)]++;
        } else if (is_from(src, box->search, box->end)) {
            return box->search;
        }
    }
}

/* Return from where on the tail of the buffer may be the beginning of a From line, quoted or not, or of an empty line. */
static size_t open_tail(const mailbox *box) {
    const uint8_t *src = box->src;
    const size_t end = box->end, size = end - box->floor, low = size > SMIME_MBOX_QUOTES + 8 ? end - SMIME_MBOX_QUOTES - 8 : box->floor;
    size_t line = end, at;
    while (line > low && src[line - 1] != LF) line--;
    if (line == low) {
        if (!box->bol || low > box->floor) return end;
        line = box->floor;
    }
    for (at = line; at < end && at - line < SMIME_MBOX_QUOTES && src[at] == '>'; at++) {
    }
    if ((end - at > 4 || memcmp(src + at, "From", end - at)) && !(end - line == 1 && src[line] == CR)) return end;
    return before_lines(src, line, box->floor);
}

int smime_mbox_lines(uint32_t isa, const uint8_t *src, size_t start, size_t end, int flags, int64_t *out, size_t cap) {
    mailbox box = {isa, src, end, start, start, flags & SMIME_SCAN_LINE_START, {0, 0, 0}};
    const int final = flags & SMIME_SCAN_FINAL;
    int first = flags & SMIME_MBOX_AFTER_EMPTY;
    size_t count = 0, settled;
    for (;;) {
        int64_t length, *record = out + count * SMIME_MBOX_RECORD;
        size_t line, next, window, body, empty;
        settled = box.floor;
        if (count == cap) break;
        line = find_from(&box);
        if (line == NONE) {
            settled = final ? end : open_tail(&box);
            break;
        }
        next = find_lf(src, line, least(end, line + SMIME_SCAN_LINE + 2));
        if (next == NONE && end - line >= SMIME_SCAN_LINE + 2) {
            box.search = line + 1; /* too long for a separator */
            continue;
        }
        next = next == NONE ? end : next + 1;
        window = least(end, next + SMIME_MBOX_HEADER);
        body = read_header(src, next, window, &length);
        if (body == NONE && window < next + SMIME_MBOX_HEADER && !final) {
            settled = before_lines(src, line, box.floor);
            break;
        }
        if (body == NONE) {
            if (window == next + SMIME_MBOX_HEADER) length = -1;
            body = window;
        }
        empty = empty_line(src, line, box.floor, box.bol);
        record[0] = (int64_t)(line - empty);
        record[1] = (int64_t)line;
        record[2] = (int64_t)next;
        record[3] = (int64_t)body;
        record[4] = length;
        record[5] = (empty || (first && line == box.floor) ? SMIME_MBOX_AFTER_EMPTY : 0) |
                    (is_dated(src, line + 5, least(next, line + 256)) ? SMIME_MBOX_DATED : 0);
        record[6] = box.quotes[1];
        record[7] = box.quotes[2];
        box.quotes[1] = box.quotes[2] = 0;
        box.floor = box.search = next;
        box.bol = 1;
        first = 0;
        count++;
    }
    if (box.quotes[1] || box.quotes[2]) {
        int64_t *record = out + count * SMIME_MBOX_RECORD;
        record[0] = record[4] = -1;
        record[1] = record[2] = record[3] = (int64_t)settled;
        record[5] = 0;
        record[6] = box.quotes[1];
        record[7] = box.quotes[2];
        count++;
    }
    out[count * SMIME_MBOX_RECORD] = (int64_t)settled;
    return (int)count;
}
