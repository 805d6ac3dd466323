package dev.ottava.cuda;

import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_BACKEND_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_BOOLEAN;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_INT64;
import static org.bytedeco.cuda.global.cudnn.cudnnBackendCreateDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnBackendDestroyDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnBackendFinalize;
import static org.bytedeco.cuda.global.cudnn.cudnnBackendGetAttribute;
import static org.bytedeco.cuda.global.cudnn.cudnnBackendSetAttribute;

import dev.ottava.cuda.CudnnSession.NotSupported;
import java.util.stream.Stream;
import org.bytedeco.cuda.cudnn.cudnnBackendDescriptor_t;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/** A descriptor of cuDNN's backend API: made, given its attributes, finished, and read from then on. */
final class Descriptor implements AutoCloseable {
    final cudnnBackendDescriptor_t pointer = new cudnnBackendDescriptor_t();

    Descriptor(int type) {
        CudnnSession.check("cudnnBackendCreateDescriptor", cudnnBackendCreateDescriptor(type, pointer));
    }

    /** An attribute of one element of 4 bytes: an enumeration. */
    Descriptor set(int attribute, int type, int value) {
        try (IntPointer element = new IntPointer(1).put(value)) {
            return set(attribute, type, 1, element);
        }
    }

    Descriptor setFlag(int attribute, boolean value) {
        try (BytePointer element = new BytePointer(1).put((byte) (value ? 1 : 0))) {
            return set(attribute, CUDNN_TYPE_BOOLEAN, 1, element);
        }
    }

    Descriptor setLongs(int attribute, long... values) {
        return setWords(attribute, CUDNN_TYPE_INT64, values);
    }

    Descriptor setDescriptors(int attribute, Descriptor... values) {
        return setWords(
                attribute,
                CUDNN_TYPE_BACKEND_DESCRIPTOR,
                Stream.of(values).mapToLong(value -> value.pointer.address()).toArray());
    }

    /** An attribute of elements of 8 bytes. */
    Descriptor setWords(int attribute, int type, long... values) {
        try (LongPointer elements = new LongPointer(values)) {
            return set(attribute, type, values.length, elements);
        }
    }

    Descriptor set(int attribute, int type, long count, Pointer elements) {
        CudnnSession.check(
                "cudnnBackendSetAttribute " + attribute,
                cudnnBackendSetAttribute(pointer, attribute, type, count, elements));
        return this;
    }

    /** @throws NotSupported if cuDNN has nothing for it */
    Descriptor finish(String what) throws NotSupported {
        int status = cudnnBackendFinalize(pointer);
        if (CudnnSession.isNotSupported(status)) {
            throw new NotSupported(CudnnSession.text(status));
        }
        CudnnSession.check("cudnnBackendFinalize of " + what, status);
        return this;
    }

    /** Reads at most {@code most} elements of an attribute, and returns how many it has. */
    int get(int attribute, int type, int most, Pointer elements) {
        long[] count = new long[1];
        CudnnSession.check(
                "cudnnBackendGetAttribute " + attribute,
                cudnnBackendGetAttribute(pointer, attribute, type, most, count, elements));
        return (int) count[0];
    }

    /** The descriptors that an attribute has, {@code most} at most, of that type; the caller closes them. */
    Descriptor[] getDescriptors(int attribute, int type, int most) {
        try (LongPointer elements = new LongPointer(Math.max(1, most))) {
            Descriptor[] descriptors = new Descriptor[most];
            for (int i = 0; i < most; i++) {
                descriptors[i] = new Descriptor(type);
                elements.put(i, descriptors[i].pointer.address());
            }
            int count = get(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, most, elements);
            for (int i = count; i < most; i++) {
                descriptors[i].close();
            }
            return Stream.of(descriptors).limit(count).toArray(Descriptor[]::new);
        }
    }

    @Override
    public void close() {
        if (!pointer.isNull() && cudnnBackendDestroyDescriptor(pointer) == CUDNN_STATUS_SUCCESS) {
            pointer.setNull();
        }
    }
}
