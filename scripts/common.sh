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
