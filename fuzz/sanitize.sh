#!/bin/sh
# The kernels' tests with AddressSanitizer and UndefinedBehaviorSanitizer in the compiled module: fuzz/sanitize.sh [PYTEST ARGUMENT...]
# Builds a copy of the package under build/sanitize and runs tests/parity on it; then the fuzz targets, for SMIME_FUZZ_SECONDS (10) each.
# PYTHON is the interpreter (python3); it needs cffi, setuptools, pytest and hypothesis.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
case $python in /*) ;; */*) python=$PWD/$python ;; esac
copy=build/sanitize
rm -rf "$copy"
mkdir -p "$copy"
cp -R csrc src setup.py pyproject.toml "$copy"
find "$copy" -name '*.so' -delete
checks="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g"
(cd "$copy" && SMIME_EXTENSION=require SMIME_CFLAGS="$checks" "$python" setup.py -q build_ext --inplace)
compiler=${CC:-cc}
runtime="$("$compiler" -print-file-name=libasan.so) $("$compiler" -print-file-name=libubsan.so)"
# leaks: the interpreter's own are not ours; the allocator of Python would hide where a bytes object ends
LD_PRELOAD="$runtime" ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 PYTHONMALLOC=malloc PYTHONPATH="$copy/src" \
    "$python" -m pytest -q -p no:cacheprovider "${@:-tests/parity}"
fuzz/run.sh "${SMIME_FUZZ_SECONDS:-10}"
