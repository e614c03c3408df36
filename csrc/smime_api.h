/* The one header of the kernels: the C compiler reads it, and so does cffi (csrc/build_accel.py drops the preprocessor lines, so every
 * line that starts with # must be one that the declarations can do without).
 *
 * The contract of every streaming kernel:
 *
 *     int f(state *, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap, size_t *produced)
 *
 * The caller owns the state, a struct of plain integers that the init function fills. No kernel allocates, calls back or writes a global.
 * The answer is SMIME_OK when all of src was taken, SMIME_FULL when dst has no room for more (call again with the rest of src), and
 * negative on error: then *consumed is how much of src stands before the octet at fault. An error leaves the state unfit for more.
 * Every state begins with the instruction set its bulk loops may use: the caller picks it once, from smime_isas().
 */
#ifndef SMIME_API_H
#define SMIME_API_H

#include <stddef.h>
#include <stdint.h>

/* == status codes, all below -9; smime/_kernels/status.py says what they mean == */

enum {
    SMIME_OK = 0,
    SMIME_FULL = 1,

    /* base64: -10 to -19 */
    SMIME_BASE64_CHARACTER = -10,
    SMIME_BASE64_PADDING = -11,
    SMIME_BASE64_AFTER_PADDING = -12,
    SMIME_BASE64_TRUNCATED = -13,
    SMIME_BASE64_SPARE_BITS = -14

    /* der: -50 to -69; ber: -70 to -89 (each family adds an enum in its own section) */
};

/* == cpu.c: instruction sets == */

enum {
    SMIME_ISA_SCALAR = 0,
    SMIME_ISA_AVX2 = 1,       /* and BMI2, LZCNT, POPCNT */
    SMIME_ISA_AVX512VBMI = 2, /* and F, BW, VL, VBMI, VBMI2 */
    SMIME_ISA_NEON = 3        /* AArch64 */
};

/* Return a bit mask, bit i set if instruction set i is compiled in and works on this machine under this operating system. */
uint32_t smime_isas(void);

/* == base64.c: RFC 4648 section 4 in lines (RFC 2045 section 6.8) == */

typedef struct {
    uint32_t isa;
    uint32_t line_length; /* characters, a multiple of 4; 0: unbroken */
    uint32_t crlf;        /* 1: lines end with CRLF, 0: with LF */
    uint32_t column;      /* characters in the line that is open */
    uint32_t held;        /* octets of the group that is open, 0 to 2 */
    uint8_t hold[4];
} smime_base64_encoder;

void smime_base64_encoder_init(smime_base64_encoder *state, uint32_t isa, uint32_t line_length, int crlf);
int smime_base64_encode(smime_base64_encoder *state, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap,
                        size_t *produced);
/* Write the last group and the last line end: 6 octets at most. */
int smime_base64_encode_end(smime_base64_encoder *state, uint8_t *dst, size_t cap, size_t *produced);
/* Encode a whole message; return its size, or -1 if cap is too small. */
int64_t smime_base64_encode_all(uint32_t isa, uint32_t line_length, int crlf, const uint8_t *src, size_t n, uint8_t *dst, size_t cap);

enum {
    SMIME_BASE64_SAW_BLANKS = 1,
    SMIME_BASE64_SAW_FOREIGN = 2,
    SMIME_BASE64_SAW_MIDDLE_PADDING = 4,
    SMIME_BASE64_SAW_SURPLUS_PADDING = 8,
    SMIME_BASE64_SAW_MISSING_PADDING = 16,
    SMIME_BASE64_SAW_INCOMPLETE = 32,
    SMIME_BASE64_SAW_SPARE_BITS = 64,
    SMIME_BASE64_SAW_TRAILING_TEXT = 128
};

typedef struct {
    uint32_t isa;
    uint32_t strict;
    uint32_t group;     /* bits of the group that is open */
    uint32_t count;     /* its characters, 0 to 3 */
    uint32_t padded;    /* 1: the last character was padding */
    uint32_t pads_due;  /* padding that has yet to come */
    uint32_t ended;     /* 1: text after the padding, nothing more is read */
    uint32_t anomalies; /* SMIME_BASE64_SAW_... */
} smime_base64_decoder;

void smime_base64_decoder_init(smime_base64_decoder *state, uint32_t isa, int strict);
/* Needs room for three octets for every four characters, the open group's included. */
int smime_base64_decode(smime_base64_decoder *state, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap,
                        size_t *produced);
/* Write what an unpadded last group holds: 2 octets at most. */
int smime_base64_decode_end(smime_base64_decoder *state, uint8_t *dst, size_t cap, size_t *produced);
/* Decode a whole message; return the size of the content, or -1 if that is above cap, or a status code. */
int64_t smime_base64_decode_all(uint32_t isa, int strict, const uint8_t *src, size_t n, uint8_t *dst, size_t cap);

/* == quoted_printable.c: RFC 2045 section 6.7 == */

enum {
    SMIME_QP_BLANKS = 128,     /* a run of blanks is remembered up to this length, until it is known whether a line ends behind it */
    SMIME_QP_ENCODE_ROOM = 64, /* the least capacity that an encoder takes */

    SMIME_QP_SAW_STRAY = 1,
    SMIME_QP_SAW_LOWER_CASE = 2,
    SMIME_QP_SAW_BLANKS = 4,
    SMIME_QP_SAW_EIGHT_BIT = 8,
    SMIME_QP_SAW_OPEN_END = 16
};

typedef struct {
    uint32_t isa;
    uint32_t anomalies; /* SMIME_QP_SAW_... */
    uint32_t held;      /* octets that cannot be decided yet, as they came: an =, blanks, a CR */
    uint8_t hold[136];
} smime_qp_decoder;

void smime_qp_decoder_init(smime_qp_decoder *state, uint32_t isa);
/* Needs room for 136 octets more than src has. Never fails. */
int smime_qp_decode(smime_qp_decoder *state, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap, size_t *produced);
/* Write what the end decides: 136 octets at most. */
int smime_qp_decode_end(smime_qp_decoder *state, uint8_t *dst, size_t cap, size_t *produced);

typedef struct {
    uint32_t isa;
    uint32_t crlf;   /* 1: lines end with CRLF, 0: with LF */
    uint32_t column; /* characters in the line that is open */
    uint32_t held;   /* octets that cannot be decided yet: a blank, a CR, part of "From " */
    uint8_t hold[8];
} smime_qp_encoder;

void smime_qp_encoder_init(smime_qp_encoder *state, uint32_t isa, int crlf);
int smime_qp_encode(smime_qp_encoder *state, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap, size_t *produced);
/* Write what the end decides. */
int smime_qp_encode_end(smime_qp_encoder *state, uint8_t *dst, size_t cap, size_t *produced);

/* == lines.c: canonical line ends, RFC 8551 section 3.1.1 == */

enum {
    SMIME_LINES_CRLF = 1,
    SMIME_LINES_BARE_CR = 2, /* a CR at the end of the data is none yet */
    SMIME_LINES_EIGHT_BIT = 4,
    SMIME_LINES_NUL = 8
};

typedef struct {
    uint32_t isa;
    uint32_t flags;            /* SMIME_LINES_... */
    uint32_t after_cr;         /* 1: the last octet was a CR */
    uint32_t scanned_after_cr; /* the same before the chunk that was scanned last */
    uint64_t open;             /* octets of the line that is open, without that CR */
    uint64_t longest;          /* octets of the longest line that has ended, without its line end */
} smime_lines;

void smime_lines_init(smime_lines *state, uint32_t isa);
/* Take in a chunk; return the count of LFs in it that need a CR. */
int64_t smime_lines_scan(smime_lines *state, const uint8_t *src, size_t n);
/* Write the chunk that was scanned last with bare_lf, its count, CRs more; return the size, or -1 if cap is too small. */
int64_t smime_lines_expand(const smime_lines *state, const uint8_t *src, size_t n, size_t bare_lf, uint8_t *dst, size_t cap);
/* The same two for a whole text. */
int64_t smime_lines_scan_all(uint32_t isa, const uint8_t *src, size_t n);
/* Twice what smime_lines_scan_all returns, and 1 more if a CR has no LF after it. */
int64_t smime_lines_look_all(uint32_t isa, const uint8_t *src, size_t n);
int64_t smime_lines_expand_all(uint32_t isa, const uint8_t *src, size_t n, size_t bare_lf, uint8_t *dst, size_t cap);

/* == scan.h: what the scanners of mail share ==
 *
 * Offsets count from src. The windowed scanners return how many records they wrote; the integer after the last record is how far the window
 * is settled, so out has room for cap records and one integer more. Records are as in the Python twin of each. */

enum {
    SMIME_SCAN_LINE_START = 1, /* the window begins at the beginning of a line */
    SMIME_SCAN_FINAL = 2,      /* nothing follows the window */
    SMIME_SCAN_LINE = 998      /* octets in a line without its line end */
};

/* == header.c: header fields and Content-Type, RFC 5322 section 2.2, RFC 2045 section 5.1 == */

enum {
    SMIME_HEADER_FIELD = 5, /* integers in a record of smime_header_index */

    SMIME_HEADER_MALFORMED = -1,
    SMIME_HEADER_ENVELOPE = -2
};

/* Return 1 and two offsets if there is an empty line, else 0. */
int smime_header_end(const uint8_t *src, size_t start, size_t end, int64_t *out);
/* Three integers after the last record: where the fields end, where the body starts, where in out the first Content-Type is or -1. */
int smime_header_index(const uint8_t *src, size_t start, size_t end, int first, int64_t *out, size_t cap);
/* Records of four integers; none if the value is not in plain form. */
int smime_header_parameters(const uint8_t *src, size_t n, int64_t *out, size_t cap);

/* == parts.c: boundary lines and parts, RFC 2046 section 5.1 == */

enum {
    SMIME_PARTS_RECORD = 12, /* integers in a record of smime_parts_index */
    SMIME_PARTS_MOST = 64,   /* parts that it takes */
    SMIME_PARTS_TWO = 16,    /* integers that smime_parts_two writes */

    SMIME_PARTS_DELIMITER = 1,
    SMIME_PARTS_CLOSE = 2,
    SMIME_PARTS_PREFIX = 3,
    SMIME_PARTS_CRLF = 4,
    SMIME_PARTS_PADDED = 8,

    SMIME_PARTS_PADDING = 1024
};

int smime_parts_boundary(uint32_t isa, const uint8_t *src, size_t start, size_t end, const uint8_t *delimiter, size_t size, int flags,
                         int64_t *out, size_t cap);
int smime_parts_dash_lines(uint32_t isa, const uint8_t *src, size_t start, size_t end, int flags, int64_t *out, size_t cap);
/* Index a body from its beginning, if two parts with plain delimiters are in it, with their whole headers, and the close delimiter's line:
 * where the preamble ends; for each part start, where the fields end, body, the value of Content-Type (two integers, -1 without), end;
 * where the epilogue starts, how far it is settled, and SMIME_PARTS_CRLF or 0, how the delimiters' lines end. Return 1, or 0 if it is not
 * in that form. */
int smime_parts_two(uint32_t isa, const uint8_t *src, size_t end, const uint8_t *delimiter, size_t size, size_t fields, size_t header_size,
                    int64_t *out);
/* Index the parts of a whole message that is in plain form: depth, start, where the fields end, body, end, the value of Content-Type (two
 * integers, -1 without), boundary (the same), where the preamble ends, where the epilogue starts (-1 without), 1 if closed. Return how
 * many, or -1 if it is not in that form; cap is at most 64. */
int smime_parts_index(uint32_t isa, const uint8_t *src, size_t end, size_t fields, size_t header_size, int64_t *out, size_t cap);

/* == mbox.c: the From lines of a mailbox, RFC 4155 == */

enum {
    SMIME_MBOX_RECORD = 8, /* integers in a record of smime_mbox_lines */

    SMIME_MBOX_AFTER_EMPTY = 4, /* beside the flags of a window */
    SMIME_MBOX_DATED = 8,

    SMIME_MBOX_QUOTES = 64,
    SMIME_MBOX_HEADER = 262144
};

/* out has room for one record more. */
int smime_mbox_lines(uint32_t isa, const uint8_t *src, size_t start, size_t end, int flags, int64_t *out, size_t cap);

/* == hazards.c: what in a text may not survive transport, RFC 2045 section 2.7, RFC 8551 section 3.1.3 == */

enum {
    SMIME_HAZARDS_EIGHT_BIT = 1,
    SMIME_HAZARDS_NUL = 2,
    SMIME_HAZARDS_BARE_CR = 4,
    SMIME_HAZARDS_LONG_LINE = 8,
    SMIME_HAZARDS_TRAILING_BLANK = 16,
    SMIME_HAZARDS_FROM_LINE = 32,
    SMIME_HAZARDS_DOT_LINE = 64
};

/* Return the sum of the hazards in a text. */
int smime_hazards_find(uint32_t isa, const uint8_t *src, size_t n);

/* == split.c: a mail to be protected, RFC 8551 section 3.1 == */

enum {
    SMIME_SPLIT_FIELDS = 128 /* header fields that smime_split_mail takes */
};

/* Say how a whole mail is split into the header fields that stay outside and the entity to be protected, if it is in ordinary form: how
 * many LFs in it have no CR, 1 if its first field belongs to the entity, and where runs of fields of either kind begin, in turn, up to
 * where the fields end. safe: 1: the text is to survive transport as it is and to be no multipart or message; 2: it may be one, if written
 * again it is the same. Return how many integers, or 0 if it is not in that form. */
int smime_split_mail(uint32_t isa, const uint8_t *src, size_t end, int safe, size_t fields, size_t header_size, int64_t *out, size_t cap);

/* == der.c: flat index of a DER/BER structure (CMS) == */

enum {
    SMIME_DER_TRUNCATED = -50,
    SMIME_DER_BEYOND_PARENT = -51,
    SMIME_DER_NO_END = -52,
    SMIME_DER_UNEXPECTED_END = -53,
    SMIME_DER_BAD_TAG = -54,
    SMIME_DER_BAD_LENGTH = -55,
    SMIME_DER_INDEFINITE_PRIMITIVE = -56,
    SMIME_DER_TOO_DEEP = -57,
    SMIME_DER_TOO_MANY = -58,

    SMIME_DER_DEPTH = 256 /* a limit on depth above this means this */
};

typedef struct {
    uint64_t offset;  /* behind the (last) element; on error of the element at fault */
    uint64_t non_der; /* offset of the first element that is not DER, all bits set if there is none */
    uint64_t count;   /* elements in the index */
} smime_der_result;

/* Index the element at src[start], or with siblings all elements up to end or to end-of-contents octets outside of all of them.
 *
 * Six numbers an element, in the order of the elements' first octets: tag (identifier octet; number << 8 | identifier octet where the
 * number has octets of its own), start, first content octet, behind the last content octet, behind the element, place in the index of the
 * first element that is not inside. What is deeper than leaf (outermost: 0) is not reported, and if inside is 0 not looked at, unless it
 * must be to find the end of an indefinite length. Answers SMIME_FULL where cap elements do not suffice. */
int smime_der_index(const uint8_t *src, size_t start, size_t end, uint64_t depth, uint64_t elements, uint32_t leaf, int inside,
                    int siblings, uint32_t *index, size_t cap, smime_der_result *result);

/* == certificate.c: the fields of a certificate (PKI) == */

enum {
    SMIME_CERTIFICATE_FIELDS = 17,
    SMIME_CERTIFICATE_EXTENSION = 5,  /* numbers for each extension */
    SMIME_CERTIFICATE_EXTENSIONS = 32 /* that are looked at */
};

/* Say where the fields of a certificate stand, if it is in the form in which nearly all are: version; where what is signed begins and ends;
 * where the algorithm beside it ends, and the content of the signature begins; begin and end of the serial number's content; where the
 * inner algorithm and the issuer end; begin and end of the content of both times; where validity, subject and key end; 1 if the subject is
 * well-formed and has no mail address. Then for each extension begin and end of the identifier's content, 1 if it is critical, begin and
 * end of the value's content. Return how many numbers were written, of at most 17 + 5 * 32, or 0 if it is not in that form. */
int smime_certificate_read(const uint8_t *src, size_t n, uint32_t *out);

/* == ber.c: resumable scanner of BER content (CMS) == */

enum {
    SMIME_BER_DONE = 2,  /* the element has ended; what follows was not consumed */
    SMIME_BER_SLICE = 3, /* the last `slice` consumed octets are content that was not copied to dst; call again with the rest */
    SMIME_BER_WRONG_SEGMENT = -70,
    SMIME_BER_TOO_LARGE = -71,

    SMIME_BER_LEVELS = 128 /* a limit on depth above this means this */
};

/* The content octets of one OCTET STRING element. Positions and limits are offsets in the stream; no limit: INT64_MAX. */
typedef struct {
    uint64_t position; /* of the next octet */
    uint64_t start;    /* of the element whose header is being read */
    uint64_t length;   /* of that, then what remains of the segment */
    uint64_t segments; /* how many more are allowed */
    uint64_t copy_below;
    uint64_t slice;
    uint64_t fault; /* offset of what an error is about */
    uint64_t limits[129];
    uint32_t depth;
    uint32_t levels;
    uint8_t indefinite[129];
    uint8_t phase;
    uint8_t tag; /* of the element when primitive */
    uint8_t inner;
    uint8_t identifier;
    uint8_t octets; /* length octets to come */
} smime_ber_octets;

void smime_ber_octets_init(smime_ber_octets *state, uint64_t position, uint64_t limit, uint64_t depth, uint64_t segments, uint8_t tag,
                           size_t copy_below);
/* Segments of which copy_below octets or more are at hand are left where they are (SMIME_BER_SLICE), shorter ones are copied to dst. */
int smime_ber_octets_update(smime_ber_octets *state, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap,
                            size_t *produced);

/* The end of the contents of an element of indefinite length, whose header has been read. */
typedef struct {
    uint64_t position;
    uint64_t start;
    uint64_t limit;
    uint64_t length;
    uint64_t elements; /* how many more are allowed */
    uint64_t fault;
    uint32_t depth;
    uint32_t levels;
    uint32_t number;
    uint8_t phase;
    uint8_t identifier;
    uint8_t octets;
} smime_ber_skip;

void smime_ber_skip_init(smime_ber_skip *state, uint64_t position, uint64_t limit, uint64_t depth, uint64_t elements);
int smime_ber_skip_update(smime_ber_skip *state, const uint8_t *src, size_t n, size_t *consumed);

#endif
