/* Any octets as a header, and as the value of a Content-Type: what is found is in order, and nothing outside is read. */

#include "fuzz.h"

enum { CAP = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *src = exact(data, size);
    int64_t out[CAP * SMIME_HEADER_FIELD + 3], place[2];
    size_t position = 0;
    int found;
    /* a header in batches: it moves on, and its records are in order */
    do {
        found = smime_header_index(src, position, size, position == 0, out, CAP);
        CHECK(found >= 0 && found <= CAP);
        for (int k = 0; k < found; k++) {
            const int64_t *record = out + k * SMIME_HEADER_FIELD;
            CHECK(record[0] >= (int64_t)position && record[1] >= record[0] && record[2] >= record[1] && record[3] >= record[2]);
            CHECK(record[3] <= (int64_t)size);
        }
        position = (size_t)out[found * SMIME_HEADER_FIELD];
        CHECK(position <= size && out[found * SMIME_HEADER_FIELD + 1] >= (int64_t)position);
    } while (found == CAP);
    if (smime_header_end(src, 0, size, place)) CHECK(place[0] < place[1] && place[1] <= (int64_t)size);
    found = smime_header_parameters(src, size, out, CAP);
    for (int k = 0; k < found; k++)
        CHECK(out[k * 4] <= out[k * 4 + 1] && out[k * 4 + 2] <= out[k * 4 + 3] && out[k * 4 + 3] <= (int64_t)size);
    free(src);
    return 0;
}
