#!/bin/sh
# Fuzz every kernel for so many seconds (30 if not given), and verify as a whole: fuzz/run.sh [SECONDS [TARGET...]]
# A target is a fuzz/*.c with an LLVMFuzzerTestOneInput. With clang: libFuzzer. Else: random inputs under the compiler's sanitizers.
# The target "verify" is fuzz_verify.py, which PYTHON (python3) runs with the package installed.
# The targets "faces-…" hold the C form of a kernel against its Python twin (faces.py); they need the compiled module.
# Inputs that were found interesting stay in build/fuzz/corpus/, inputs that failed in build/fuzz/; the exit status says whether any did.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-30}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- $(basename -s .c fuzz/*.c) verify faces-base64 faces-lines faces-quoted_printable
build=build/fuzz
mkdir -p "$build"
clang=${CLANG:-clang}
checks="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
failed=
for target in "$@"; do
    if [ "$target" = verify ]; then
        "${PYTHON:-python3}" fuzz/fuzz_verify.py --seconds "$seconds" --output "$build" >"$build/$target.log" 2>&1 || failed="$failed $target"
        tail -n 1 "$build/$target.log"
    elif [ "${target#faces-}" != "$target" ]; then
        "${PYTHON:-python3}" fuzz/faces.py "${target#faces-}" "$seconds" >"$build/$target.log" 2>&1 || failed="$failed $target"
        echo "$target: $seconds s"
    elif "$clang" -fsanitize=fuzzer -xc -c /dev/null -o /dev/null 2>/dev/null; then
        "$clang" -std=c11 -O1 -g $checks -fsanitize=fuzzer -Icsrc -Ifuzz "fuzz/$target.c" csrc/*.c -o "$build/$target"
        mkdir -p "$build/corpus/$target"
        "$build/$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 -verbosity=0 -print_final_stats=1 -artifact_prefix="$build/$target-" "$build/corpus/$target" 2>"$build/$target.log" || failed="$failed $target"
        echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log") inputs in $seconds s"
    else
        ${CC:-cc} -std=c11 -O1 -g $checks -Icsrc -Ifuzz "fuzz/$target.c" fuzz/driver/main.c csrc/*.c -o "$build/$target"
        "$build/$target" --random $((seconds * 5000)) 2>"$build/$target.log" || failed="$failed $target"
        echo "$target: $((seconds * 5000)) inputs"
    fi
done
for target in $failed; do
    echo "$target FAILED:"
    tail -n 30 "$build/$target.log"
done
[ -z "$failed" ]
