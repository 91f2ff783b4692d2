# librdkafka, whose Debian package has no file for CMake: the target RdKafka::rdkafka.

find_path(RDKAFKA_INCLUDE_DIR librdkafka/rdkafka.h)
find_library(RDKAFKA_LIBRARY rdkafka)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(RdKafka REQUIRED_VARS RDKAFKA_LIBRARY RDKAFKA_INCLUDE_DIR)
mark_as_advanced(RDKAFKA_INCLUDE_DIR RDKAFKA_LIBRARY)

if(RdKafka_FOUND AND NOT TARGET RdKafka::rdkafka)
    add_library(RdKafka::rdkafka UNKNOWN IMPORTED)
    set_target_properties(RdKafka::rdkafka PROPERTIES
        IMPORTED_LOCATION "${RDKAFKA_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${RDKAFKA_INCLUDE_DIR}")
endif()
