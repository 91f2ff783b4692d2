# What `cmake --install` puts where. A configuration that is there already stays as it is.

include(CMakePackageConfigHelpers)

set(FRESHET_CONFIG_FILE ${CMAKE_INSTALL_FULL_SYSCONFDIR}/freshet/freshet.toml)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/freshet)
set(generated ${CMAKE_CURRENT_BINARY_DIR}/packaging)

configure_file(packaging/freshet.service.in ${generated}/freshet.service @ONLY)
configure_file(packaging/freshet.1.in ${generated}/freshet.1 @ONLY)
configure_package_config_file(packaging/freshet-config.cmake.in ${generated}/freshet-config.cmake
    INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${generated}/freshet-config-version.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS freshet EXPORT freshet-targets)
install(TARGETS freshet-program)
install(DIRECTORY include/freshet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
install(EXPORT freshet-targets NAMESPACE freshet:: DESTINATION ${package_folder})
install(FILES ${generated}/freshet-config.cmake ${generated}/freshet-config-version.cmake cmake/FindRdKafka.cmake DESTINATION ${package_folder})
install(FILES ${generated}/freshet.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${generated}/freshet.service DESTINATION lib/systemd/system)
install(FILES packaging/freshet.toml DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(CODE "
    set(folder \"${CMAKE_INSTALL_FULL_SYSCONFDIR}/freshet\")
    if(NOT CMAKE_INSTALL_PREFIX STREQUAL \"${CMAKE_INSTALL_PREFIX}\") # cmake --install --prefix: nothing outside of it
        set(folder \"\${CMAKE_INSTALL_PREFIX}/etc/freshet\")
    endif()
    if(EXISTS \"\$ENV{DESTDIR}\${folder}/freshet.toml\")
        message(STATUS \"Kept: \$ENV{DESTDIR}\${folder}/freshet.toml\")
    else()
        file(INSTALL \"${CMAKE_CURRENT_SOURCE_DIR}/packaging/freshet.toml\" DESTINATION \"\${folder}\")
    endif()")
