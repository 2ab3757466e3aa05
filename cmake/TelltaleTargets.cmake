# telltale_library(), telltale_executable() and telltale_test(): one way to declare a target, with our warnings.

set(TELLTALE_SANITIZE "" CACHE STRING "Sanitizers for every target: address,undefined or thread")
option(TELLTALE_FUZZ "Build the fuzz targets (Clang only)" OFF)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2")  # without NDEBUG: nothing of ours depends on it
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Loops over rows, whose length is not known, are worth vectorising; -O2 alone leaves them.
  string(APPEND CMAKE_CXX_FLAGS_RELEASE " -fvect-cost-model=dynamic")
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1")
set(TELLTALE_TEST_OPTIONS "$<$<CONFIG:Release>:-O1>")  # compiles a quarter faster

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
if(TELLTALE_SANITIZE)
  add_compile_options(-fsanitize=${TELLTALE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TELLTALE_SANITIZE})
endif()
if(TELLTALE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()

# Members left out of a designated initialiser have their default: that is what they are for.
set(TELLTALE_WARNINGS -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND TELLTALE_WARNINGS -Wshadow -Wthread-safety)
else()
  list(APPEND TELLTALE_WARNINGS -Wshadow=local)  # GCC's -Wshadow also means the members of scoped enums
endif()

# Compiles with a shared precompiled header of cmake/pch. Not where Clang looks whether each file includes what it uses.
function(telltale_precompile target pch)
  if(pch AND (TELLTALE_FUZZ OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang"))
    target_precompile_headers(${target} REUSE_FROM pch_${pch})
  endif()
endfunction()

# Compiles some sources at a time, where each by itself spends its time in the same large headers.
function(telltale_unite target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
endfunction()

# telltale_library(<folder> HEADERS ... SOURCES ... DEPENDS ... [PCH base|rocksdb|grpc] [UNITE])
# HEADERS are the folder's public headers; DEPENDS is the architecture in small, and tests/layers_test.cc holds the
# includes against it.
function(telltale_library name)
  cmake_parse_arguments(ARG "UNITE" "PCH" "HEADERS;SOURCES;DEPENDS" ${ARGN})
  add_library(telltale_${name} ${ARG_SOURCES})
  add_library(telltale::${name} ALIAS telltale_${name})
  target_sources(telltale_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}
    FILES ${ARG_HEADERS})
  target_link_libraries(telltale_${name} PUBLIC ${ARG_DEPENDS})
  target_compile_options(telltale_${name} PRIVATE ${TELLTALE_WARNINGS})
  telltale_precompile(telltale_${name} "${ARG_PCH}")
  if(ARG_UNITE)
    telltale_unite(telltale_${name})
  endif()
endfunction()

# telltale_executable(<program> SOURCES ... DEPENDS ... [PCH base|grpc])
function(telltale_executable name)
  cmake_parse_arguments(ARG "" "PCH" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
  target_compile_options(${name} PRIVATE ${TELLTALE_WARNINGS})
  telltale_precompile(${name} "${ARG_PCH}")
endfunction()

# telltale_test(<program> SOURCES ... DEPENDS ... [PCH base|grpc] [UNITE] [SHARDS <n>]): a GoogleTest program, one ctest of its
# name for all of it, or so many that share its tests: <program>.1 and on.
function(telltale_test name)
  cmake_parse_arguments(ARG "UNITE" "PCH;SHARDS" "SOURCES;DEPENDS" ${ARGN})
  set(pch ${ARG_PCH})
  if(pch)
    string(APPEND pch _test)
  endif()
  telltale_executable(${name} SOURCES ${ARG_SOURCES} DEPENDS ${ARG_DEPENDS} GTest::gmock GTest::gtest_main PCH ${pch})
  if(ARG_UNITE)
    telltale_unite(${name})
  endif()
  target_compile_options(${name} PRIVATE ${TELLTALE_TEST_OPTIONS})
  target_compile_definitions(${name} PRIVATE TELLTALE_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    TELLTALE_BINARY_DIR="${CMAKE_BINARY_DIR}")
  set(environment "TSAN_OPTIONS=ignore_noninstrumented_modules=1 halt_on_error=1" UBSAN_OPTIONS=print_stacktrace=1)
  if(NOT ARG_SHARDS)
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 ENVIRONMENT "${environment}")
    return()
  endif()
  foreach(shard RANGE 1 ${ARG_SHARDS})
    math(EXPR index "${shard} - 1")
    add_test(NAME ${name}.${shard} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name}.${shard} PROPERTIES TIMEOUT 600
      ENVIRONMENT "${environment};GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# telltale_fuzz(<program> SOURCES ... DEPENDS ... CORPUS <folder> [HOSTILE]): with the fuzz preset a libFuzzer program, and a test
# that runs it over its corpus and then onwards for TELLTALE_FUZZ_SECONDS, or for a minute if it is HOSTILE: what strangers send; otherwise the same source runs over its corpus
# once. What is found is in found/<program> of the build folder.
set(TELLTALE_FUZZ_SECONDS 10 CACHE STRING "How long a test fuzzes each target")
function(telltale_fuzz name)
  cmake_parse_arguments(ARG "HOSTILE" "CORPUS" "SOURCES;DEPENDS" ${ARGN})
  if(NOT TELLTALE_FUZZ)
    telltale_executable(${name} SOURCES ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc
      DEPENDS ${ARG_DEPENDS})
    add_test(NAME ${name} COMMAND ${name} ${ARG_CORPUS})
    return()
  endif()
  telltale_executable(${name} SOURCES ${ARG_SOURCES} DEPENDS ${ARG_DEPENDS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set(seconds ${TELLTALE_FUZZ_SECONDS})
  if(ARG_HOSTILE)
    set(seconds 60)
  endif()
  set(found ${CMAKE_BINARY_DIR}/found/${name})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME ${name} COMMAND ${name} ${found} ${ARG_CORPUS} -artifact_prefix=${found}/ -print_final_stats=1 -timeout=60
    -max_total_time=${seconds})
endfunction()
