/* Boundary lines and the parts of a multipart as offsets (RFC 2046 section 5.1).
 *
 * smime/_kernels/python/parts.py is the same in words. */

#include "scan.h"

/* == boundary lines == */

int smime_parts_boundary(uint32_t isa, const uint8_t *src, size_t start, size_t end, const uint8_t *delimiter, size_t size, int flags,
                         int64_t *out, size_t cap) {
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
        window = least(end, after + SMIME_PARTS_PADDING + 5);
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
        complete = q - p <= SMIME_PARTS_PADDING && (ended == 2 || (ended == 1 && final && stop == end));
        if (complete) {
            record[0] = (int64_t)line;
            record[1] =
                (closing ? SMIME_PARTS_CLOSE : SMIME_PARTS_DELIMITER) | (crlf ? SMIME_PARTS_CRLF : 0) | (q > p ? SMIME_PARTS_PADDED : 0);
            record[2] = (int64_t)stop;
            floor = at = stop;
        } else if (!final && q - p <= SMIME_PARTS_PADDING && (stop == end || (stop == after && after + 1 == end && src[after] == '-'))) {
            settled = before_line(src, line, floor);
            goto done;
        } else {
            record[0] = (int64_t)line;
            record[1] = SMIME_PARTS_PREFIX;
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

int smime_parts_dash_lines(uint32_t isa, const uint8_t *src, size_t start, size_t end, int flags, int64_t *out, size_t cap) {
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
        for (bare = stop; bare > line && is_blank(src[bare - 1]) && stop - bare <= SMIME_PARTS_PADDING; bare--) {
        }
        out[count * 3] = (int64_t)line;
        out[count * 3 + 1] = (int64_t)(stop - bare <= SMIME_PARTS_PADDING ? bare : stop);
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

/* Index the header block of a part: where its fields end, its body, and the value of its Content-Type. Return 0 if it has no empty line, or
 * not within the limits. */
static int whole_header(const uint8_t *src, size_t start, size_t end, size_t fields, size_t header_size, int64_t *out) {
    int64_t records[BATCH * SMIME_HEADER_FIELD + 3];
    size_t at = start, count = 0;
    const size_t window = end - start > 2 && end - start - 2 > header_size ? start + header_size + 2 : end;
    out[2] = out[3] = -1;
    for (;;) {
        const int found = smime_header_index(src, at, window, at == start, records, BATCH);
        const int64_t *behind = records + found * SMIME_HEADER_FIELD;
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

int smime_parts_two(uint32_t isa, const uint8_t *src, size_t end, const uint8_t *delimiter, size_t size, size_t fields, size_t header_size,
                    int64_t *out) {
    int64_t lines[4 * 3 + 1];
    size_t first, second, first_end, second_end;
    if (smime_parts_boundary(isa, src, 0, end, delimiter, size, SMIME_SCAN_LINE_START, lines, 4) != 3) return 0;
    out[15] = lines[1] & SMIME_PARTS_CRLF;
    if (lines[1] != (SMIME_PARTS_DELIMITER | out[15]) || lines[4] != lines[1] || lines[7] != (SMIME_PARTS_CLOSE | out[15])) return 0;
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
    return whole_header(src, first, first_end, fields, header_size, out + 2) &&
           whole_header(src, second, second_end, fields, header_size, out + 8);
}

/* == the parts of a message ==
 *
 * The short way for messages in plain form; smime.mime.entity is the general way, and says what the rules are. Whatever needs a closer look
 * (a Content-Type with comments, an odd transfer encoding, a limit) ends it, and the general way is taken.
 */

enum { LEVELS = 16 };

typedef struct {
    size_t start; /* NONE: there is none */
    size_t end;
} place;

/* The header of a part as far as it says what the part is. */
typedef struct {
    size_t fields_end;
    size_t body; /* fields_end if there is no empty line */
    place type;
    place encoding;
    int ended; /* by a boundary line, at fields_end */
} part_header;

typedef struct {
    int64_t *record;
    size_t child; /* where its last child starts, NONE without */
    int digest;   /* its children are messages without saying so (RFC 2046 section 5.1.5) */
} open_part;

typedef struct {
    uint32_t isa;
    const uint8_t *src;
    size_t end, fields, header_size, cap, count;
    int64_t *out;
    int depth; /* of open parts */
    open_part open[LEVELS];
} tree;

enum { GENERAL = -1, OPENED = 0, AT_BOUNDARY = 1, AT_MESSAGE = 2 };

/* Judge a line that begins with two hyphens: the level of the multipart whose delimiter it is, -1 if there is none. */
static int delimiter_level(const tree *t, size_t line, size_t *after, int *closing) {
    const uint8_t *src = t->src;
    size_t lf = find_lf(src, line, t->end), stop = lf == NONE ? t->end : lf, bare;
    *after = lf == NONE ? t->end : lf + 1;
    if (src[stop - 1] == CR) stop--;
    for (bare = stop; bare > line && is_blank(src[bare - 1]); bare--) {
    }
    if (stop - bare > SMIME_PARTS_PADDING) return -1;
    for (int level = 0; level < t->depth; level++) {
        const int64_t *part = t->open[level].record;
        size_t size;
        if (part[PART_BOUNDARY] < 0 || part[PART_CLOSED]) continue;
        size = (size_t)(part[PART_BOUNDARY_END] - part[PART_BOUNDARY]);
        if (bare - line < size + 2 || memcmp(src + line + 2, src + part[PART_BOUNDARY], size)) continue;
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

/* Note the value of the field in src[at..next), if it is the first of those that say what a part is. */
static void note_field(const uint8_t *src, size_t at, size_t next, part_header *header) {
    size_t p, stop = next;
    place *value;
    for (p = at; p < next && src[p] > ' ' && src[p] < 0x7f && src[p] != ':'; p++) {
    }
    if (is_field(src + at, p - at, FIELD_CONTENT_TYPE)) {
        value = &header->type;
    } else if (is_field(src + at, p - at, FIELD_CONTENT_TRANSFER_ENCODING)) {
        value = &header->encoding;
    } else {
        return;
    }
    while (p < next && is_blank(src[p])) p++;
    if (src[stop - 1] == LF) stop--;
    if (stop > p && src[stop - 1] == CR) stop--;
    if (p < stop && src[p] == ':' && value->start == NONE) {
        value->start = p + 1;
        value->end = stop;
    }
}

/* Read a header up to its empty line, a boundary line or the end of the data; return 0 if it is beyond the limits. */
static int read_part_header(const tree *t, size_t start, part_header *header) {
    const uint8_t *src = t->src;
    size_t at = start, count = 0, after;
    int closing;
    header->type.start = header->encoding.start = NONE;
    header->ended = 0;
    for (;;) {
        size_t next = at;
        header->fields_end = header->body = at;
        if (at >= t->end) break;
        header->body += empty_line_size(src, at, t->end);
        if (header->body > at) break;
        if (src[at] == '-' && t->end - at >= 2 && src[at + 1] == '-' && delimiter_level(t, at, &after, &closing) >= 0) {
            header->ended = 1;
            break;
        }
        if (++count > t->fields) return 0;
        next = next_field(src, at, t->end);
        note_field(src, at, next, header);
        at = next;
    }
    return header->fields_end - start <= t->header_size;
}

/* Note the boundary of a multipart in its record; return 0 if its Content-Type is not in plain form. */
static int read_boundary(const uint8_t *src, const place *type, int64_t *part) {
    int64_t places[65 * 4];
    const int count = smime_header_parameters(src + type->start, type->end - type->start, places, 64);
    if (count <= 0) return 0;
    for (int i = 1; i < count; i++) {
        const int64_t *parameter = places + i * 4;
        size_t start, end;
        if (!is_name(src + type->start + parameter[0], (size_t)(parameter[1] - parameter[0]), "boundary")) continue;
        start = type->start + (size_t)parameter[2];
        end = type->start + (size_t)parameter[3];
        while (end > start && is_blank(src[end - 1])) end--;
        if (end > start) {
            part[PART_BOUNDARY] = (int64_t)start;
            part[PART_BOUNDARY_END] = (int64_t)end;
        }
        break;
    }
    return 1;
}

/* Read what a Content-Type makes of its part: AT_MESSAGE, OPENED for everything else, GENERAL if it takes a closer look. */
static int read_type(const uint8_t *src, const place *type, int64_t *part, int *digest) {
    const size_t first = span(src, type->start, type->end, SPACE), slash = span(src, first, type->end, TOKEN);
    size_t subtype, stop, size;
    if (slash == first || slash >= type->end || src[slash] != '/') return GENERAL;
    subtype = slash + 1;
    stop = span(src, subtype, type->end, TOKEN);
    size = stop - subtype;
    if (!size || (stop < type->end && src[stop] != ';' && !(SMIME_OCTET_CLASS[src[stop]] & SPACE))) return GENERAL;
    if (is_name(src + first, slash - first, "multipart")) {
        *digest = is_name(src + subtype, size, "digest");
        return read_boundary(src, type, part) ? OPENED : GENERAL;
    }
    if (is_name(src + first, slash - first, "message")) {
        src += subtype;
        if (is_name(src, size, "rfc822") || is_name(src, size, "global") || is_name(src, size, "news")) return AT_MESSAGE;
    }
    return OPENED;
}

/* Say whether a message under this Content-Transfer-Encoding can be opened: AT_MESSAGE, OPENED if it is encoded, GENERAL for odd ones. */
static int read_encoding(const uint8_t *src, const place *encoding) {
    size_t first, last;
    if (encoding->start == NONE) return AT_MESSAGE;
    first = span(src, encoding->start, encoding->end, SPACE);
    for (last = encoding->end; last > first && SMIME_OCTET_CLASS[src[last - 1]] & SPACE; last--) {
    }
    src += first;
    if (is_name(src, last - first, "base64") || is_name(src, last - first, "quoted-printable")) return OPENED;
    if (is_name(src, last - first, "7bit") || is_name(src, last - first, "8bit") || is_name(src, last - first, "binary")) return AT_MESSAGE;
    return GENERAL;
}

/* Open the part that starts at a place: GENERAL, AT_BOUNDARY if a boundary line ended its header (then *at is that line), AT_MESSAGE if its
 * body is a message to be opened, else OPENED; *at is where the body starts. */
static int open_one(tree *t, size_t *at, int in_digest) {
    const size_t start = *at;
    part_header header;
    int64_t *part;
    int kind, digest = 0;
    if (t->depth == LEVELS || t->count == t->cap || !read_part_header(t, start, &header)) return GENERAL;
    part = t->out + t->count * SMIME_PARTS_RECORD;
    part[PART_DEPTH] = t->depth;
    part[PART_START] = (int64_t)start;
    part[PART_FIELDS_END] = (int64_t)header.fields_end;
    part[PART_BODY] = (int64_t)header.body;
    part[PART_END] = part[PART_BOUNDARY] = part[PART_BOUNDARY_END] = part[PART_PREAMBLE_END] = part[PART_EPILOGUE] = -1;
    part[PART_CLOSED] = 0;
    if (header.type.start == NONE) {
        part[PART_TYPE] = part[PART_TYPE_END] = -1;
        kind = in_digest ? AT_MESSAGE : OPENED;
    } else {
        part[PART_TYPE] = (int64_t)header.type.start;
        part[PART_TYPE_END] = (int64_t)header.type.end;
        kind = read_type(t->src, &header.type, part, &digest);
        if (kind == GENERAL) return GENERAL;
    }
    if (t->depth) t->open[t->depth - 1].child = start;
    t->open[t->depth].record = part;
    t->open[t->depth].child = NONE;
    t->open[t->depth].digest = digest;
    t->depth++;
    t->count++;
    *at = header.body;
    if (header.ended) return AT_BOUNDARY;
    return kind == AT_MESSAGE && header.body > header.fields_end && header.body < t->end ? read_encoding(t->src, &header.encoding) : OPENED;
}

/* Open a part, and the messages that begin with it. */
static int open_all(tree *t, size_t *at, int in_digest) {
    int opened = open_one(t, at, in_digest);
    while (opened == AT_MESSAGE) opened = open_one(t, at, 0);
    return opened;
}

/* Close the parts below a level where a delimiter stands; what of their headers was read beyond it was not theirs. */
static void close_below(tree *t, int level, int64_t stop) {
    static const uint8_t PLACES[] = {PART_START, PART_FIELDS_END, PART_BODY, PART_PREAMBLE_END, PART_EPILOGUE};
    while (t->depth > level + 1) {
        int64_t *inner = t->open[--t->depth].record;
        inner[PART_END] = stop;
        for (size_t i = 0; i < sizeof PLACES; i++) {
            if (inner[PLACES[i]] > stop) inner[PLACES[i]] = stop;
        }
    }
}

/* Return the first line that begins with two hyphens, from a place on that is the beginning of a line if fresh; or NONE. */
static size_t find_dash_line(const tree *t, size_t at, int fresh) {
    const uint8_t *src = t->src;
    if (fresh && t->end - at >= 2 && src[at] == '-' && src[at + 1] == '-') return at;
    for (;;) {
        at = find_line(t->isa, src, at, t->end, '-', '-');
        if (at == NONE) return NONE;
        at++;
        if (at + 1 < t->end && src[at + 1] == '-') return at;
    }
}

int smime_parts_index(uint32_t isa, const uint8_t *src, size_t end, size_t fields, size_t header_size, int64_t *out, size_t cap) {
    tree t = {isa, src, end, fields, header_size, cap, 0, out, 0, {{0}}};
    size_t at = 0;
    int opened = open_all(&t, &at, 0), fresh = 1; /* at is the beginning of a line that was not looked at yet */
    while (opened != GENERAL) {
        const size_t line = opened == AT_BOUNDARY ? at : find_dash_line(&t, at, fresh);
        size_t stop;
        int level, closing = 0;
        int64_t *part;
        if (line == NONE) {
            while (t.depth) t.open[--t.depth].record[PART_END] = (int64_t)end;
            return (int)t.count;
        }
        level = delimiter_level(&t, line, &at, &closing);
        opened = OPENED;
        fresh = level >= 0;
        if (!fresh) {
            at = line + 1;
            continue;
        }
        part = t.open[level].record;
        stop = before_line(src, line, t.open[level].child == NONE ? (size_t)part[PART_BODY] : t.open[level].child);
        close_below(&t, level, (int64_t)stop);
        if (part[PART_PREAMBLE_END] < 0) part[PART_PREAMBLE_END] = (int64_t)stop;
        if (closing) {
            part[PART_CLOSED] = 1;
            part[PART_EPILOGUE] = (int64_t)at;
        } else {
            opened = open_all(&t, &at, t.open[level].digest);
        }
    }
    return -1;
}
