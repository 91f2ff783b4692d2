# How everything of this project is compiled; nothing here reaches those who use the installed library.

if(FRESHET_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(CCACHE ccache)
    if(CCACHE) # paths relative to the source folder: several checkouts share what they compiled
        set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
            CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
        add_compile_options($<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fpch-preprocess>) # ccache's need
        set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER}) # some of the tests' helpers
    endif()
endif()

function(freshet_compile_options target)
    if(NOT FRESHET_WARNINGS STREQUAL "off")
        target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU") # 12 takes the operator delete of Asio's coroutine frames for a mistake
            target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
        endif()
    endif()
    if(FRESHET_WARNINGS STREQUAL "error")
        target_compile_options(${target} PRIVATE -Werror)
    endif()
    if(FRESHET_SANITIZE)
        target_compile_options(${target} PRIVATE
            -fsanitize=${FRESHET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_link_options(${target} PRIVATE -fsanitize=${FRESHET_SANITIZE})
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU") # both warn about sound code once it is instrumented
            target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-tsan)
        elseif(FRESHET_SANITIZE MATCHES undefined) # clang 14 cannot place that check's data before a coroutine
            target_compile_options(${target} PRIVATE -fno-sanitize=function)
        endif()
    endif()
    if(FRESHET_FUZZ)
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
endfunction()

# The library's objects hold both machine code, for tests, examples and those who install it, and what the link-time optimiser reads.
function(freshet_lto_objects target)
    if(FRESHET_LTO)
        target_compile_options(${target} PRIVATE -flto=auto -ffat-lto-objects)
    endif()
endfunction()

function(freshet_lto_program target)
    if(FRESHET_LTO)
        target_compile_options(${target} PRIVATE -flto=auto)
        target_link_options(${target} PRIVATE -flto=auto)
    endif()
endfunction()

# A program's own memory. What one thread takes and another gives back, as messages do between librdkafka's threads and ours, costs
# much of its time with glibc's. The sanitizers bring their own.
function(freshet_allocator target)
    if(NOT FRESHET_SANITIZE)
        find_library(TCMALLOC_LIBRARY tcmalloc_minimal REQUIRED)
        target_link_libraries(${target} PRIVATE ${TCMALLOC_LIBRARY})
    endif()
endfunction()

# What nearly every file includes is read once. A file still names what it uses.
function(freshet_precompile target)
    target_precompile_headers(${target} PRIVATE
        <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <cstring> <deque> <functional> <map> <memory> <mutex> <optional>
        <string> <string_view> <thread> <unordered_map> <utility> <vector>
        <boost/system/error_code.hpp> <boost/system/result.hpp> <fmt/format.h> <spdlog/spdlog.h>
        <boost/asio/as_tuple.hpp> <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp>
        <boost/asio/ip/tcp.hpp> <boost/asio/post.hpp> <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp> ${ARGN})
endfunction()
