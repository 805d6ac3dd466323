# Compiles the kernels of src/main/cuda with nvcc, where there is one: each family for each architecture, into images that the library embeds. Writes
# CUDA_IMAGES, their files, and cuda/images.inc, their list. A family's sm90_kernels.cu is for sm_90a alone. Minutes, which OTTAVA_NVCC=none
# in the environment saves whoever works on something else.
if("$ENV{OTTAVA_NVCC}" STREQUAL "none")
    set(OTTAVA_NVCC OTTAVA_NVCC-NOTFOUND)
else()
    find_program(OTTAVA_NVCC nvcc HINTS $ENV{CUDA_PATH}/bin $ENV{CUDA_HOME}/bin /usr/local/cuda/bin)
endif()
set(scripts ${CMAKE_CURRENT_LIST_DIR})
get_filename_component(cuda_sources ${scripts}/../src/main/cuda ABSOLUTE)
set(images_folder ${CMAKE_BINARY_DIR}/cuda)
set(CUDA_IMAGES "")
set(lines "")
set(OTTAVA_NVCC_VERSION none)

function(compile_kernels source architecture)
    get_filename_component(folder ${source} DIRECTORY)
    get_filename_component(family ${folder} NAME)
    get_filename_component(kind ${source} NAME_WE)
    string(REPLACE "kernels" "${family}" name ${kind}) # kernels.cu of gemm: gemm; sm90_kernels.cu: sm90_gemm
    set(extension cubin)
    if(architecture MATCHES compute_)
        set(extension ptx)
    endif()
    set(image ${images_folder}/${name}.${architecture}.${extension})
    add_custom_command(
        OUTPUT ${image}
        COMMAND bash ${scripts}/compile-kernels.sh ${OTTAVA_NVCC} ${source} ${architecture} ${image}
        DEPENDS ${source} ${scripts}/compile-kernels.sh
        DEPFILE ${image}.d
        VERBATIM)
    set(CUDA_IMAGES ${CUDA_IMAGES} ${image} PARENT_SCOPE)
    set(lines "${lines}OTTAVA_IMAGE(${name}, ${architecture}, \"${image}\")\n" PARENT_SCOPE)
endfunction()

if(OTTAVA_NVCC)
    execute_process(COMMAND ${OTTAVA_NVCC} --version OUTPUT_VARIABLE nvcc_says)
    string(REGEX REPLACE ".*, V([0-9.]+).*" "\\1" OTTAVA_NVCC_VERSION "${nvcc_says}")
    file(GLOB portable CONFIGURE_DEPENDS ${cuda_sources}/*/kernels.cu)
    file(GLOB hopper CONFIGURE_DEPENDS ${cuda_sources}/*/sm90_kernels.cu)
    foreach(source ${portable})
        foreach(architecture sm_80 sm_89 sm_90a compute_89)
            compile_kernels(${source} ${architecture})
        endforeach()
    endforeach()
    foreach(source ${hopper})
        compile_kernels(${source} sm_90a)
    endforeach()
    add_custom_command(
        OUTPUT ${images_folder}/summary.txt ${images_folder}/resources.txt
        COMMAND bash ${scripts}/kernel-summary.sh ${OTTAVA_NVCC_VERSION} ${CUDA_IMAGES}
        DEPENDS ${CUDA_IMAGES} ${scripts}/kernel-summary.sh
        VERBATIM)
    add_custom_target(cuda_kernels ALL DEPENDS ${images_folder}/summary.txt)
else()
    file(WRITE ${images_folder}/summary.txt "CUDA kernels: none, as there is no nvcc: `cuda` will not be available\n")
endif()
file(CONFIGURE OUTPUT ${images_folder}/images.inc CONTENT "${lines}" @ONLY)
