# How every room is compiled.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo" FORCE)
endif()

add_library(mjirl_compile INTERFACE)
target_compile_options(mjirl_compile INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wmissing-prototypes
  -Wstrict-prototypes -Wcast-qual -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings
  # Same bits on every machine; and position-independent code may still be inlined within a file.
  -ffp-contract=off -fno-semantic-interposition)
target_compile_definitions(mjirl_compile INTERFACE _GNU_SOURCE)
target_include_directories(mjirl_compile INTERFACE ${PROJECT_SOURCE_DIR})
target_link_libraries(mjirl_compile INTERFACE m)
if(MJIRL_WERROR)
  target_compile_options(mjirl_compile INTERFACE -Werror)
endif()
if(MJIRL_SANITIZE)
  target_compile_options(mjirl_compile INTERFACE
    -fsanitize=${MJIRL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mjirl_compile INTERFACE -fsanitize=${MJIRL_SANITIZE})
endif()

# mjirl_room(<name> SOURCES ... PUBLIC ... PRIVATE ...): one static library a room; PUBLIC and
# PRIVATE are what it links, PUBLIC what its header needs too.
function(mjirl_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(mjirl_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(mjirl_${name} PUBLIC mjirl_compile ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE})
endfunction()
