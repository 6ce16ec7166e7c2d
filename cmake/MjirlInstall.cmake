# What `cmake --install` lays down:
#   bin/mjirl                      the program
#   lib/libmjirl.so.*, libmjirl.a  the library
#   lib/mjirl/                     our own copy of MuJoCo, unless an installed one is used
#   lib/cmake/mjirl, lib/pkgconfig find_package(mjirl) and pkg-config
#   include/mjirl/<room>/*.h       #include <mjirl/irl/train.h>
#   share/mjirl/                   tasks, models, demonstrations
include(CMakePackageConfigHelpers)
set(mjirl_private ${CMAKE_INSTALL_LIBDIR}/mjirl)
set(mjirl_package ${CMAKE_INSTALL_LIBDIR}/cmake/mjirl)
set(mjirl_data ${CMAKE_INSTALL_DATADIR}/mjirl)

# MuJoCo travels along in a folder of its own, so that it never meets another version of it.
set(mujoco_version ${MJIRL_MUJOCO_VERSION})
if(MJIRL_MUJOCO_BUNDLE)
  cmake_path(GET MJIRL_MUJOCO_LIBRARY FILENAME mujoco_file)
  file(REAL_PATH ${MJIRL_MUJOCO_LIBRARY} mujoco_real)
  install(FILES ${mujoco_real} DESTINATION ${mjirl_private} RENAME ${mujoco_file})
  install(DIRECTORY ${MJIRL_MUJOCO_INCLUDE_DIR}/mujoco DESTINATION ${mjirl_private}/include)
  cmake_path(GET mujoco_real PARENT_PATH mujoco_folder)
  foreach(plugins plugin ../bin/mujoco_plugin)  # where the wheel and MuJoCo's archives have them
    if(EXISTS ${mujoco_folder}/${plugins})
      install(DIRECTORY ${mujoco_folder}/${plugins}/ DESTINATION ${mjirl_private}/plugin)
    endif()
  endforeach()
  file(GLOB mujoco_licences ${MJIRL_MUJOCO_INCLUDE_DIR}/../../mujoco_core-*.dist-info/licenses/*)
  install(FILES ${mujoco_licences} DESTINATION ${CMAKE_INSTALL_DOCDIR}/mujoco)
  set(mujoco_rpath "$ORIGIN/mjirl")
  set(mujoco_pc "-L\${libdir}/mjirl -l:${mujoco_file}")
  set(mujoco_find "set(mjirl_mujoco_library \${PACKAGE_PREFIX_DIR}/${mjirl_private}/${mujoco_file})
set(mjirl_mujoco_include \${PACKAGE_PREFIX_DIR}/${mjirl_private}/include)")
else()
  set(mujoco_rpath "")
  set(mujoco_pc "-lmujoco")
  set(mujoco_find "find_library(mjirl_mujoco_library mujoco NO_CACHE)
find_path(mjirl_mujoco_include mujoco/mujoco.h NO_CACHE)")
endif()

file(RELATIVE_PATH bin_to_lib /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
set_target_properties(libmjirl PROPERTIES INSTALL_RPATH "${mujoco_rpath}")
install(TARGETS libmjirl EXPORT mjirlTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS libmjirl_static EXPORT mjirlStaticTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET mjirl)
  if(MJIRL_MUJOCO_BUNDLE)
    set_target_properties(mjirl PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_lib}/mjirl")
  endif()
  install(TARGETS mjirl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# Within the tree headers name each other "base/err.h"; installed they say <mjirl/base/err.h>, so
# that only include/ is on a user's path and a folder of theirs named base or policy is no clash.
install(CODE "
  set(source \"${PROJECT_SOURCE_DIR}\")
  set(staging \"${PROJECT_BINARY_DIR}/include/mjirl\")
  file(REMOVE_RECURSE \"\${staging}\")
  foreach(room ${library_rooms})
    file(GLOB headers RELATIVE \"\${source}\" \"\${source}/\${room}/*.h\")
    list(FILTER headers EXCLUDE REGEX \"_internal\\\\.h$\")
    foreach(header \${headers})
      file(READ \"\${source}/\${header}\" text)
      string(REGEX REPLACE \"#include \\\"([a-z]+/[a-z_]+\\\\.h)\\\"\" \"#include <mjirl/\\\\1>\" text \"\${text}\")
      file(WRITE \"\${staging}/\${header}\" \"\${text}\")
    endforeach()
  endforeach()")
install(DIRECTORY ${PROJECT_BINARY_DIR}/include/mjirl DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

install(DIRECTORY ${PROJECT_SOURCE_DIR}/envs/tasks ${PROJECT_SOURCE_DIR}/envs/models
                  ${PROJECT_SOURCE_DIR}/envs/schema
        DESTINATION ${mjirl_data} OPTIONAL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/demos/data/ DESTINATION ${mjirl_data}/demos OPTIONAL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/demos/experts/ DESTINATION ${mjirl_data}/experts OPTIONAL)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/THIRD_PARTY_NOTICES.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/mjirlConfig.cmake.in mjirlConfig.cmake
  INSTALL_DESTINATION ${mjirl_package} NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(mjirlConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mjirlConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/mjirlConfigVersion.cmake DESTINATION ${mjirl_package})
install(EXPORT mjirlTargets NAMESPACE mjirl:: DESTINATION ${mjirl_package})
install(EXPORT mjirlStaticTargets NAMESPACE mjirl:: DESTINATION ${mjirl_package})

file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/mjirl.pc.in mjirl.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mjirl.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
