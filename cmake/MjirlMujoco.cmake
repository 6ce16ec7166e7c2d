# MuJoCo, as the target mujoco::mujoco. Looked for in this order:
#   1. -DMUJOCO_ROOT=<folder>: an unpacked release or wheel; refused when it does not fit
#   2. an installed MuJoCo 4.0.1 or later (CMAKE_PREFIX_PATH, mujoco_DIR, pkg-config, system folders)
#   3. the pinned wheel of mujoco-core, downloaded by pip, checked, unpacked but never installed
# The wheel is kept in MJIRL_DOWNLOAD_DIR, so that further builds need no network.
#
# Sets MJIRL_MUJOCO_LIBRARY, MJIRL_MUJOCO_INCLUDE_DIR, MJIRL_MUJOCO_VERSION, and MJIRL_MUJOCO_BUNDLE,
# which is true when an installation has to carry its own copy.

set(MUJOCO_ROOT "" CACHE PATH "Folder of an unpacked MuJoCo: include/mujoco and [lib/]libmujoco.so.*")

set(mjirl_cache_home $ENV{XDG_CACHE_HOME})
if(NOT mjirl_cache_home AND DEFINED ENV{HOME})
  set(mjirl_cache_home $ENV{HOME}/.cache)
endif()
if(NOT mjirl_cache_home)
  set(mjirl_cache_home ${CMAKE_BINARY_DIR})
endif()
set(MJIRL_DOWNLOAD_DIR ${mjirl_cache_home}/mjirl CACHE PATH "Where the MuJoCo wheel is kept")

set(mjirl_wheel_version 4.0.1)
set(mjirl_wheel_sha256_x86_64 be28c0c7587347ef996b4de0487264e9da296282082b092bae211a9163e9aed6)
set(mjirl_wheel_sha256_aarch64 52d934614a56f7d75dcfc2bd8bb72f058b465ecc19a0583a56df242f9505bdb6)

# Reads mjVERSION_HEADER: 4000001 is 4.0.1, and before 4.0 323 was 3.2.3. *number is empty when the
# header does not say.
function(mjirl_mujoco_version include_dir number text)
  set(n "")
  set(t unknown)
  if(EXISTS ${include_dir}/mujoco/mujoco.h)
    file(STRINGS ${include_dir}/mujoco/mujoco.h line REGEX "#define +mjVERSION_HEADER")
    if(line MATCHES "mjVERSION_HEADER +([0-9]+)")
      set(n ${CMAKE_MATCH_1})
      if(n LESS 1000)
        math(EXPR t1 "${n} / 100")
        math(EXPR t2 "${n} / 10 % 10")
        math(EXPR t3 "${n} % 10")
      else()
        math(EXPR t1 "${n} / 1000000")
        math(EXPR t2 "${n} / 1000 % 1000")
        math(EXPR t3 "${n} % 1000")
      endif()
      set(t ${t1}.${t2}.${t3})
    endif()
  endif()
  set(${number} "${n}" PARENT_SCOPE)
  set(${text} ${t} PARENT_SCOPE)
endfunction()

# Why a version cannot be used; empty when it can.
function(mjirl_mujoco_refusal number text reason)
  set(r "")
  if(number STREQUAL "")
    set(r "its version cannot be read (no mjVERSION_HEADER in include/mujoco/mujoco.h)")
  elseif(number EQUAL 4000000)
    set(r "MuJoCo 4.0.0 is refused, its solver has a bug in sparse Jacobians (models above 60 degrees \
of freedom)")
  elseif(number LESS 4000000)
    set(r "MuJoCo ${text} is older than 4.0")
  endif()
  set(${reason} "${r}" PARENT_SCOPE)
endfunction()

# 1. The folder that the user names.
function(mjirl_mujoco_from_root)
  set(remedy "give the folder of MuJoCo ${mjirl_wheel_version} or later, or leave MUJOCO_ROOT out")
  mjirl_mujoco_version(${MUJOCO_ROOT}/include number text)
  mjirl_mujoco_refusal("${number}" ${text} reason)
  if(reason)
    message(FATAL_ERROR "MUJOCO_ROOT=${MUJOCO_ROOT}: ${reason}; ${remedy}.")
  endif()
  file(GLOB library ${MUJOCO_ROOT}/libmujoco.so.${text} ${MUJOCO_ROOT}/lib/libmujoco.so.${text})
  if(NOT library)
    message(FATAL_ERROR "MUJOCO_ROOT=${MUJOCO_ROOT}: no libmujoco.so.${text} in it or in its lib; ${remedy}.")
  endif()
  list(GET library 0 library)
  set(MJIRL_MUJOCO_LIBRARY ${library} PARENT_SCOPE)
  set(MJIRL_MUJOCO_INCLUDE_DIR ${MUJOCO_ROOT}/include PARENT_SCOPE)
  set(MJIRL_MUJOCO_VERSION ${text} PARENT_SCOPE)
  set(MJIRL_MUJOCO_BUNDLE ON PARENT_SCOPE)
endfunction()

# 2. One that is installed. One that does not fit is passed over, with a word about it.
function(mjirl_mujoco_from_system)
  pkg_check_modules(mujoco_pc QUIET mujoco)
  set(hints ${mujoco_pc_PREFIX} ${mujoco_DIR}/../../.. ${mujoco_ROOT} $ENV{mujoco_ROOT})
  find_path(mujoco_include mujoco/mujoco.h HINTS ${hints} PATH_SUFFIXES include NO_CACHE)
  find_library(mujoco_library mujoco HINTS ${hints} PATH_SUFFIXES lib NO_CACHE)
  if(NOT mujoco_include OR NOT mujoco_library)
    return()
  endif()
  mjirl_mujoco_version(${mujoco_include} number text)
  mjirl_mujoco_refusal("${number}" ${text} reason)
  if(reason)
    message(STATUS "Installed MuJoCo in ${mujoco_include} left aside: ${reason}")
    return()
  endif()
  set(MJIRL_MUJOCO_LIBRARY ${mujoco_library} PARENT_SCOPE)
  set(MJIRL_MUJOCO_INCLUDE_DIR ${mujoco_include} PARENT_SCOPE)
  set(MJIRL_MUJOCO_VERSION ${text} PARENT_SCOPE)
  set(MJIRL_MUJOCO_BUNDLE OFF PARENT_SCOPE)
endfunction()

# Downloads the wheel into MJIRL_DOWNLOAD_DIR, by way of a folder of its own so that builds which
# run at the same time never see half a file.
function(mjirl_mujoco_download arch)
  set(other "or give an unpacked MuJoCo with -DMUJOCO_ROOT=<folder>")
  find_program(python3 python3 NO_CACHE)
  set(pip_missing TRUE)
  if(python3)
    execute_process(COMMAND ${python3} -m pip --version RESULT_VARIABLE pip_missing
                    OUTPUT_QUIET ERROR_QUIET)
  endif()
  if(pip_missing)
    message(FATAL_ERROR "MuJoCo ${mjirl_wheel_version}: downloading it takes pip (python3 -m pip), \
which is missing; install it (Debian: apt install python3-pip), ${other}.")
  endif()
  message(STATUS "Downloading MuJoCo ${mjirl_wheel_version} (9 MB) to ${MJIRL_DOWNLOAD_DIR}")
  string(RANDOM LENGTH 8 suffix)
  set(partial ${MJIRL_DOWNLOAD_DIR}/partial-${suffix})
  file(MAKE_DIRECTORY ${partial})
  execute_process(
    COMMAND ${python3} -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.11
            --implementation cp --abi cp311 --platform manylinux_2_28_${arch} --dest ${partial}
            mujoco-core==${mjirl_wheel_version}
    RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE complaint)
  file(GLOB wheel ${partial}/mujoco_core-${mjirl_wheel_version}-*.whl)
  if(failed OR NOT wheel)
    file(REMOVE_RECURSE ${partial})
    set(log ${CMAKE_BINARY_DIR}/mujoco-download.log)
    file(WRITE ${log} "${complaint}")
    message(FATAL_ERROR "MuJoCo ${mjirl_wheel_version}: pip could not download it (its messages are \
in ${log}); check the network and run cmake again, ${other}.")
  endif()
  cmake_path(GET wheel FILENAME name)
  file(RENAME ${wheel} ${MJIRL_DOWNLOAD_DIR}/${name})
  file(REMOVE_RECURSE ${partial})
endfunction()

# 3. The pinned wheel.
function(mjirl_mujoco_from_wheel)
  string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" arch)
  string(REGEX REPLACE "^amd64$" "x86_64" arch "${arch}")
  string(REGEX REPLACE "^arm64$" "aarch64" arch "${arch}")
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT DEFINED mjirl_wheel_sha256_${arch})
    message(FATAL_ERROR "MuJoCo ${mjirl_wheel_version}: there is no build for \
${CMAKE_SYSTEM_NAME} on ${CMAKE_SYSTEM_PROCESSOR}, only for Linux on x86_64 and aarch64; give your own \
build with -DMUJOCO_ROOT=<folder>.")
  endif()

  set(pattern ${MJIRL_DOWNLOAD_DIR}/mujoco_core-${mjirl_wheel_version}-cp311-*${arch}.whl)
  file(GLOB wheel ${pattern})
  if(NOT wheel)
    mjirl_mujoco_download(${arch})
    file(GLOB wheel ${pattern})
  endif()
  list(GET wheel 0 wheel)
  file(SHA256 ${wheel} sha256)
  if(NOT sha256 STREQUAL mjirl_wheel_sha256_${arch})
    message(FATAL_ERROR "${wheel}: wrong checksum, SHA-256 is ${sha256} and should be \
${mjirl_wheel_sha256_${arch}}; delete the file and run cmake again.")
  endif()

  set(root ${CMAKE_BINARY_DIR}/_deps/mujoco-${mjirl_wheel_version}-${arch})
  if(NOT EXISTS ${root}/mujoco/plugin)
    file(REMOVE_RECURSE ${root} ${root}.partial)
    file(MAKE_DIRECTORY ${root}.partial)
    execute_process(
      COMMAND ${CMAKE_COMMAND} -E tar xf ${wheel} -- mujoco/include mujoco/plugin
              mujoco/libmujoco.so.${mjirl_wheel_version}
              mujoco_core-${mjirl_wheel_version}.dist-info/licenses
      WORKING_DIRECTORY ${root}.partial COMMAND_ERROR_IS_FATAL ANY)
    file(RENAME ${root}.partial ${root})
  endif()
  set(MJIRL_MUJOCO_LIBRARY ${root}/mujoco/libmujoco.so.${mjirl_wheel_version} PARENT_SCOPE)
  set(MJIRL_MUJOCO_INCLUDE_DIR ${root}/mujoco/include PARENT_SCOPE)
  set(MJIRL_MUJOCO_VERSION ${mjirl_wheel_version} PARENT_SCOPE)
  set(MJIRL_MUJOCO_BUNDLE ON PARENT_SCOPE)
endfunction()

set(MJIRL_MUJOCO_LIBRARY "")
if(MUJOCO_ROOT)
  mjirl_mujoco_from_root()
else()
  mjirl_mujoco_from_system()
  if(NOT MJIRL_MUJOCO_LIBRARY)
    mjirl_mujoco_from_wheel()
  endif()
endif()
message(STATUS "MuJoCo ${MJIRL_MUJOCO_VERSION}: ${MJIRL_MUJOCO_LIBRARY}")

add_library(mujoco::mujoco SHARED IMPORTED GLOBAL)
set_target_properties(mujoco::mujoco PROPERTIES
  IMPORTED_LOCATION ${MJIRL_MUJOCO_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${MJIRL_MUJOCO_INCLUDE_DIR})
