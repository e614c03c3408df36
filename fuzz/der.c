/* Any octets, indexed: what the index says holds together, room for fewer elements is asked for, and no octet outside is looked at. */

#include "fuzz.h"

enum { TAG, START, CONTENT, STOP, END, NEXT, FIELDS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    uint8_t options = data[0], limits = data[1];
    data += 2;
    size -= 2;
    int siblings = options & 1, inside = options >> 1 & 1;
    uint32_t leaf = options >> 2 & 7, depth = options & 0x80 ? 64 : limits & 7;
    uint64_t elements = limits & 0x80 ? 1000000 : limits >> 3;
    size_t start = options >> 5 & 3, cap = size / 2 + 1;
    if (leaf == 7) leaf = UINT32_MAX;
    if (start > size) start = size;

    uint8_t *src = exact(data, size);
    uint32_t *index = malloc(cap * FIELDS * sizeof *index);
    smime_der_result result;
    CHECK(index);
    int status = smime_der_index(src, start, size, depth, elements, leaf, inside, siblings, index, cap, &result);
    CHECK(status == SMIME_OK || (status <= SMIME_DER_TRUNCATED && status >= SMIME_DER_TOO_MANY));
    CHECK(result.offset <= size);
    if (status == SMIME_OK) {
        CHECK(result.count <= cap && result.count <= elements);
        CHECK(result.non_der == UINT64_MAX || (result.non_der >= start && result.non_der < result.offset));
        size_t at = start;
        for (uint32_t e = 0; e < result.count * FIELDS; e += FIELDS) {
            const uint32_t *x = index + e;
            CHECK(x[START] >= at && x[START] < x[CONTENT] && x[CONTENT] <= x[STOP] && x[STOP] <= x[END] && x[END] <= result.offset);
            CHECK(x[END] == x[STOP] || (x[END] == x[STOP] + 2 && !src[x[STOP]] && !src[x[STOP] + 1]));
            CHECK(x[NEXT] > e && x[NEXT] % FIELDS == 0 && x[NEXT] <= result.count * FIELDS);
            CHECK((x[TAG] & 0xFF) == src[x[START]]);
            for (uint32_t child = e + FIELDS; child < x[NEXT]; child = index[child + NEXT]) {
                CHECK(index[child + START] >= x[CONTENT] && index[child + END] <= x[STOP] && index[child + NEXT] <= x[NEXT]);
            }
            at = x[START];
        }
        if (!siblings) CHECK(result.count > 0 && index[NEXT] == result.count * FIELDS && index[END] == result.offset);
        if (result.count > 1) {
            smime_der_result again;
            uint32_t *less = malloc((result.count - 1) * FIELDS * sizeof *less);
            CHECK(less);
            CHECK(smime_der_index(src, start, size, depth, elements, leaf, inside, siblings, less, result.count - 1, &again) == SMIME_FULL);
            free(less);
        }
    }
    free(index);
    free(src);
    return 0;
}
