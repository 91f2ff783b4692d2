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

# The objects hold nothing but what the link-time optimiser reads: machine code is made once, at the link.
function(freshet_lto_compile target)
    target_compile_options(${target} PRIVATE -flto=auto)
endfunction()

if(FRESHET_LTO AND CMAKE_CXX_COMPILER_AR) # these know what is in such objects
    set(CMAKE_AR ${CMAKE_CXX_COMPILER_AR})
    set(CMAKE_RANLIB ${CMAKE_CXX_COMPILER_RANLIB})
endif()

function(freshet_lto_program target)
    if(FRESHET_LTO)
        freshet_lto_compile(${target})
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

# The sources of a folder are compiled as one: what they include is read once, what they instantiate is made once.
function(freshet_compile_by_room target)
    if(NOT FRESHET_BY_ROOM)
        return()
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
    get_target_property(sources ${target} SOURCES)
    foreach(source IN LISTS sources)
        cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/src OUTPUT_VARIABLE place)
        cmake_path(GET place PARENT_PATH room)
        if(NOT place MATCHES "(asio|asio_ssl|received_bytes)\\.cpp$") # a library each, and the kernel's header in place of libc's
            string(MAKE_C_IDENTIFIER "room_${room}" room)
            set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${room})
        endif()
    endforeach()
endfunction()

# What nearly every test includes is read once, by the first of the targets. A file still names what it uses.
function(freshet_precompile target)
    get_property(first GLOBAL PROPERTY freshet_precompiled)
    if(first)
        target_precompile_headers(${target} REUSE_FROM ${first})
        return()
    endif()
    set_property(GLOBAL PROPERTY freshet_precompiled ${target})
    target_precompile_headers(${target} PRIVATE
        <algorithm> <array> <atomic> <chrono> <cstdint> <deque> <functional> <map> <memory> <mutex> <optional> <string> <string_view>
        <thread> <unordered_map> <utility> <vector> <boost/system/result.hpp> <fmt/format.h> <gtest/gtest.h>)
endfunction()
