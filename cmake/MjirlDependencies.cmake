# Where dependencies come from.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(cjson REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(openblas REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(hdf5 REQUIRED IMPORTED_TARGET hdf5)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)  # HDF5's and libpng's own dependency
if(MJIRL_BUILD_VIEWER)
  pkg_check_modules(glfw REQUIRED IMPORTED_TARGET glfw3)
  pkg_check_modules(egl REQUIRED IMPORTED_TARGET egl)
  pkg_check_modules(png REQUIRED IMPORTED_TARGET libpng)
endif()
include(MjirlMujoco)
