package dev.ottava.train;

import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.hub.SafetensorsFile;
import dev.ottava.kernel.AdamWMoment;
import dev.ottava.optim.AdamW;
import dev.ottava.optim.ExpandedMoments;
import java.nio.file.Path;
import java.util.Map;

/** Reads the state of an optimizer from a checkpoint, also where its moments were stored in another form than the run has them. */
final class OptimizerStates {
    private OptimizerStates() {}

    /** Fills the tensors of a state from a file that has them by the same names. */
    static void read(Path file, Map<String, Tensor> state) {
        try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            state.forEach((name, tensor) -> {
                boolean wasFp8 =
                        stored.names().contains(name) && stored.type(name).equals("F8_E4M3");
                boolean isFp8 = tensor.dtype() == DType.E4M3;
                if (isFp8 && !wasFp8) {
                    encode(stored, name, tensor, state.get(AdamW.groupsOf(name)));
                } else if (wasFp8 && !isFp8) {
                    decode(stored, name, tensor);
                } else if (!AdamW.isGroups(name) || wasFp8Moment(stored, name)) {
                    stored.read(name, tensor);
                }
            });
        }
    }

    /** Whether the file holds codes that these groups belong to: then it has to hold the groups too. Otherwise they are made with the codes. */
    private static boolean wasFp8Moment(SafetensorsFile stored, String groups) {
        return stored.names().stream()
                .anyMatch(name -> !AdamW.isGroups(name)
                        && AdamW.groupsOf(name).equals(groups)
                        && stored.type(name).equals("F8_E4M3"));
    }

    private static void encode(SafetensorsFile stored, String name, Tensor codes, Tensor groups) {
        try (Tensor moments = codes.device().arena(MemoryPurpose.WORKSPACE).empty(DType.F32, codes.shape())) {
            stored.read(name, moments);
            ExpandedMoments.encode(codes, groups, moments, AdamW.isSecondMoment(name));
        }
    }

    private static void decode(SafetensorsFile stored, String name, Tensor moments) {
        try (Tensor codes = moments.device().arena(MemoryPurpose.WORKSPACE).empty(DType.E4M3, moments.shape());
                Tensor groups = moments.device()
                        .arena(MemoryPurpose.WORKSPACE)
                        .empty(DType.F32, AdamWMoment.groupShape(moments.count()))) {
            stored.read(name, codes);
            stored.read(AdamW.groupsOf(name), groups);
            ExpandedMoments.decode(moments, codes, groups);
        }
    }
}
