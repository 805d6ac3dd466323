package dev.ottava.cuda;

import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_MATMUL_COMP_TYPE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATIONGRAPH_HANDLE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATIONGRAPH_OPS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_MATMUL_ADESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_MATMUL_BDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_MATMUL_CDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_MATMUL_DESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_POINTWISE_BDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_POINTWISE_TDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_POINTWISE_XDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_POINTWISE_YDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_REDUCTION_DESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_REDUCTION_XDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_REDUCTION_YDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_RESHAPE_XDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_RESHAPE_YDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_POINTWISE_AXIS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_POINTWISE_MATH_PREC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_POINTWISE_MODE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_REDUCTION_COMP_TYPE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_REDUCTION_OPERATOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_DATA_TYPE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_DIMENSIONS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_IS_BY_VALUE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_IS_VIRTUAL;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_STRIDES;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_UNIQUE_ID;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_MATMUL_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_POINTWISE_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_REDUCTION_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_TENSOR_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_FLOAT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POINTWISE_GEN_INDEX;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_DATA_TYPE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_HANDLE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_POINTWISE_MODE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_REDUCTION_OPERATOR_TYPE;

import dev.ottava.cuda.CudnnSession.NotSupported;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;

/** A graph of operations on tensors of four dimensions, as cuDNN's backend API takes it. Operations are added in an order in which they can be done. */
final class CudnnGraph implements AutoCloseable {
    /** What {@link Descriptor} cannot be asked for, since it is written only. */
    record Tensor(Descriptor descriptor, long[] sizes, long[] strides) {}

    private static final long ALIGNMENT = 16;
    private static final long[] ONE = {1, 1, 1, 1};

    /** Of tensors that exist in memory: where they are is said when a plan runs, in this order. */
    private final List<Long> memory = new ArrayList<>();
    /** Of numbers: they lie behind the tensors of memory. */
    private final List<Long> numbers = new ArrayList<>();

    private final List<Pointer> values = new ArrayList<>();
    private final List<Descriptor> operations = new ArrayList<>();
    private final Deque<Descriptor> all = new ArrayDeque<>();
    private long identities;

    /** One whose address is given when a plan runs, in the order of these calls. */
    Tensor memory(int type, long[] sizes, long[] strides) throws NotSupported {
        memory.add(++identities);
        return tensor(type, sizes, strides, false, false);
    }

    /** One that lives between two operations. */
    Tensor between(int type, long[] sizes, long[] strides) throws NotSupported {
        identities++;
        return tensor(type, sizes, strides, true, false);
    }

    Tensor number(float value) throws NotSupported {
        values.add(new FloatPointer(value));
        return number(CUDNN_DATA_FLOAT);
    }

    Tensor number(int type, int value) throws NotSupported {
        values.add(new IntPointer(1).put(value));
        return number(type);
    }

    private Tensor number(int type) throws NotSupported {
        numbers.add(++identities);
        return tensor(type, ONE, ONE, false, true);
    }

    private Tensor tensor(int type, long[] sizes, long[] strides, boolean between, boolean byValue)
            throws NotSupported {
        Descriptor descriptor = make(CUDNN_BACKEND_TENSOR_DESCRIPTOR)
                .set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type)
                .setLongs(CUDNN_ATTR_TENSOR_DIMENSIONS, sizes)
                .setLongs(CUDNN_ATTR_TENSOR_STRIDES, strides)
                .setLongs(CUDNN_ATTR_TENSOR_UNIQUE_ID, identities)
                .setLongs(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ALIGNMENT);
        if (between) {
            descriptor.setFlag(CUDNN_ATTR_TENSOR_IS_VIRTUAL, true);
        }
        if (byValue) {
            descriptor.setFlag(CUDNN_ATTR_TENSOR_IS_BY_VALUE, true);
        }
        return new Tensor(descriptor.finish("a tensor"), sizes, strides);
    }

    /** {@code c = a b} of the last two dimensions, accumulated in F32; a group of heads of a shares one of b. */
    Tensor multiply(Tensor a, Tensor b, Tensor c) throws NotSupported {
        Descriptor how = make(CUDNN_BACKEND_MATMUL_DESCRIPTOR)
                .set(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT)
                .finish("a product");
        add(make(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR)
                .setDescriptors(CUDNN_ATTR_OPERATION_MATMUL_ADESC, a.descriptor())
                .setDescriptors(CUDNN_ATTR_OPERATION_MATMUL_BDESC, b.descriptor())
                .setDescriptors(CUDNN_ATTR_OPERATION_MATMUL_CDESC, c.descriptor())
                .setDescriptors(CUDNN_ATTR_OPERATION_MATMUL_DESC, how));
        return c;
    }

    /** {@code y = f(x)}, computed in F32. */
    Tensor map(int mode, Tensor x, Tensor y) throws NotSupported {
        return pointwise(pointwise(mode, CUDNN_DATA_FLOAT), x, null, null, y);
    }

    /** {@code y = f(x, b)} of elements of {@code type}; sizes of 1 are repeated. */
    Tensor map(int mode, int type, Tensor x, Tensor b, Tensor y) throws NotSupported {
        return pointwise(pointwise(mode, type), x, b, null, y);
    }

    /** {@code y = t ? x : b}. */
    Tensor select(int mode, Tensor x, Tensor b, Tensor t, Tensor y) throws NotSupported {
        return pointwise(pointwise(mode, CUDNN_DATA_FLOAT), x, b, t, y);
    }

    /** {@code y} = the index of each element along an axis. */
    Tensor index(long axis, Tensor x, Tensor y) throws NotSupported {
        Descriptor how = pointwise(CUDNN_POINTWISE_GEN_INDEX, CUDNN_DATA_FLOAT);
        return pointwise(how.setLongs(CUDNN_ATTR_POINTWISE_AXIS, axis), x, null, null, y);
    }

    private Descriptor pointwise(int mode, int type) {
        return make(CUDNN_BACKEND_POINTWISE_DESCRIPTOR)
                .set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode)
                .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, type);
    }

    private Tensor pointwise(Descriptor how, Tensor x, Tensor b, Tensor t, Tensor y) throws NotSupported {
        Descriptor operation = make(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR)
                .setDescriptors(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how.finish("what an operation does"))
                .setDescriptors(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x.descriptor())
                .setDescriptors(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y.descriptor());
        if (b != null) {
            operation.setDescriptors(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b.descriptor());
        }
        if (t != null) {
            operation.setDescriptors(CUDNN_ATTR_OPERATION_POINTWISE_TDESC, t.descriptor());
        }
        add(operation);
        return y;
    }

    /** Reduces, in F32, the dimensions that are smaller in y; of heads those of a group. */
    Tensor reduce(int operator, Tensor x, Tensor y) throws NotSupported {
        Descriptor how = make(CUDNN_BACKEND_REDUCTION_DESCRIPTOR)
                .set(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT)
                .set(CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, operator)
                .finish("a reduction");
        add(make(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR)
                .setDescriptors(CUDNN_ATTR_OPERATION_REDUCTION_DESC, how)
                .setDescriptors(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x.descriptor())
                .setDescriptors(CUDNN_ATTR_OPERATION_REDUCTION_YDESC, y.descriptor()));
        return y;
    }

    /** {@code x} with its last two dimensions exchanged, as {@code type}: the same elements at the same places. */
    Tensor transpose(Tensor x, int type) throws NotSupported {
        Tensor y = between(type, swapped(x.sizes()), swapped(x.strides()));
        add(make(CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR)
                .setDescriptors(CUDNN_ATTR_OPERATION_RESHAPE_XDESC, x.descriptor())
                .setDescriptors(CUDNN_ATTR_OPERATION_RESHAPE_YDESC, y.descriptor()));
        return y;
    }

    private static long[] swapped(long[] four) {
        return new long[] {four[0], four[1], four[3], four[2]};
    }

    private void add(Descriptor operation) throws NotSupported {
        operations.add(operation.finish("an operation"));
    }

    private Descriptor make(int type) {
        Descriptor descriptor = new Descriptor(type);
        all.push(descriptor);
        return descriptor;
    }

    /** The graph of the operations so far. It is closed with this. */
    Descriptor finish(CudnnSession session) throws NotSupported {
        return make(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)
                .setDescriptors(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations.toArray(Descriptor[]::new))
                .setWords(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, session.handle.address())
                .finish("a graph");
    }

    /** What tensors in memory and numbers are called: first the former, in the order in which they were made. */
    long[] identities() {
        return java.util.stream.Stream.concat(memory.stream(), numbers.stream())
                .mapToLong(Long::longValue)
                .toArray();
    }

    /** Where the numbers are, on the host. */
    long[] numbers() {
        return values.stream().mapToLong(Pointer::address).toArray();
    }

    @Override
    public void close() {
        all.forEach(Descriptor::close);
        values.forEach(Pointer::close);
    }
}
