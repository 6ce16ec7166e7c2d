# libmjirl, shared and static: the rooms base to irl in one library, without viewer and program.
set(mjirl_objects "")
foreach(room ${library_rooms})
  if(TARGET mjirl_${room})
    list(APPEND mjirl_objects $<TARGET_OBJECTS:mjirl_${room}>)
  endif()
endforeach()
set(mjirl_libraries mujoco::mujoco PkgConfig::cjson PkgConfig::openblas PkgConfig::hdf5 PkgConfig::zlib
    Threads::Threads ${CMAKE_DL_LIBS} m)

add_library(libmjirl SHARED ${mjirl_objects})
set_target_properties(libmjirl PROPERTIES OUTPUT_NAME mjirl EXPORT_NAME mjirl LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/libmjirl.map)
target_link_options(libmjirl PRIVATE
  -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/libmjirl.map)
if(NOT MJIRL_SANITIZE)
  target_link_options(libmjirl PRIVATE -Wl,--no-undefined)
else()
  target_link_options(libmjirl PRIVATE -fsanitize=${MJIRL_SANITIZE})
endif()

add_library(libmjirl_static STATIC ${mjirl_objects})
set_target_properties(libmjirl_static PROPERTIES OUTPUT_NAME mjirl EXPORT_NAME static
  LINKER_LANGUAGE C)

foreach(library libmjirl libmjirl_static)
  target_link_libraries(${library} PRIVATE ${mjirl_libraries})
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
add_library(mjirl::mjirl ALIAS libmjirl)
add_library(mjirl::static ALIAS libmjirl_static)
