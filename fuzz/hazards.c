/* Any octets: every instruction set finds the hazards that the scalar code finds, and nothing outside is read. */

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *src = exact(data, size);
    const int hazards = smime_hazards_find(SMIME_ISA_SCALAR, src, size);
    for (uint32_t isa = 1; isa < ISAS; isa++) {
        if (smime_isas() >> isa & 1) CHECK(smime_hazards_find(isa, src, size) == hazards);
    }
    free(src);
    return 0;
}
