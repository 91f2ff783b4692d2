# shellcheck shell=bash
# What the scripts share; they source it. It goes to the root of the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "$(basename "$0"): $*" >&2; }
fail() { say "$*"; exit 1; }

# A compiler of Asio's headers takes about 1.5 GB: as many at a time as there are cores and memory for.
if [ -z "${CMAKE_BUILD_PARALLEL_LEVEL:-}" ]; then
    by_memory=$(awk '/^MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
    cores=$(nproc)
    CMAKE_BUILD_PARALLEL_LEVEL=$((by_memory < cores ? (by_memory > 0 ? by_memory : 1) : cores))
    export CMAKE_BUILD_PARALLEL_LEVEL
fi

# configure PRESET [OPTION...]: what it says is shown only if it fails, or warns
configure() {
    local log=build/$1.configure.log
    mkdir -p build
    cmake --preset "$@" >"$log" 2>&1 || { cat "$log" >&2; say "CMake could not configure $1"; return 1; }
    if grep -q 'CMake Warning' "$log"; then cat "$log" >&2; fi
}

# build_for_tests PRESET: the program and what stands before it (tests/preload), as scripts of tests look for them
build_for_tests() {
    scripts/packages install build test
    if [ -z "${MEMCACHED_NEW:-}" ]; then MEMCACHED_NEW=$(scripts/memcached-new) || MEMCACHED_NEW=; fi
    configure "$1" -D FRESHET_TESTS=ON
    cmake --build --preset "$1" --target freshet-program preload >&2
    export MEMCACHED_NEW FRESHET=$PWD/build/$1/freshet FRESHET_BUILD_DIR=$PWD/build/$1
    export ASAN_OPTIONS=halt_on_error=1:detect_stack_use_after_return=1:${ASAN_OPTIONS:-}
}
