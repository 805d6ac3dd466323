package dev.ottava.cuda;

import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cudnn.cudnnCreate;
import static org.bytedeco.cuda.global.cudnn.cudnnDestroy;
import static org.bytedeco.cuda.global.cudnn.cudnnGetErrorString;
import static org.bytedeco.cuda.global.cudnn.cudnnGetLastErrorString;
import static org.bytedeco.cuda.global.cudnn.cudnnGetVersion;
import static org.bytedeco.cuda.global.cudnn.cudnnSetStream;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudnn.cudnnContext;

/** A handle of cuDNN on a device's stream, and the workspace of its plans. */
final class CudnnSession implements AutoCloseable {
    /** cuDNN had no plan for what was described: {@code reason} says in which words. Anything else that fails is a {@link CudaException}. */
    static final class NotSupported extends Exception {
        private static final long serialVersionUID = 1;

        NotSupported(String reason) {
            super(reason, null, false, false);
        }
    }

    private record Block(long address, long bytes) {}

    final cudnnContext handle = new cudnnContext();
    private final Queue queue;
    /** The last is the largest and in use. A captured graph may have the addresses of earlier ones, which are kept for it. */
    private final List<Block> workspaces = new ArrayList<>();

    CudnnSession(long device, long stream) {
        queue = new Queue("cuDNN", device, stream);
        enter();
        check("cudnnCreate", cudnnCreate(handle));
        check("cudnnSetStream", cudnnSetStream(handle, queue.stream()));
    }

    /** Makes the device's context current on this thread, which every call of cuDNN wants. */
    void enter() {
        queue.stream();
    }

    /** Waits for what was queued. */
    void synchronize() {
        queue.synchronize();
    }

    /** For example 91900. */
    static long version() {
        return cudnnGetVersion();
    }

    /** Makes {@link #workspace} as large as that at least. */
    void reserve(long bytes) {
        if (bytes > workspaceBytes()) {
            long size = Math.max(1 << 20, Long.highestOneBit(bytes - 1) << 1);
            workspaces.add(new Block(queue.allocate(size), size));
        }
    }

    /** The address of the workspace, 0 while nothing was reserved. */
    long workspace() {
        return workspaces.isEmpty() ? 0 : workspaces.get(workspaces.size() - 1).address();
    }

    private long workspaceBytes() {
        return workspaces.isEmpty() ? 0 : workspaces.get(workspaces.size() - 1).bytes();
    }

    /** Statuses of 3000 to 3999 say that there is no engine for it. */
    static boolean isNotSupported(int status) {
        return status / 1000 == 3;
    }

    static void check(String call, int status) {
        if (status != CUDNN_STATUS_SUCCESS) {
            throw new CudaException(call + " failed: " + text(status));
        }
    }

    /** The status, and cuDNN's last remark where it made one. */
    static String text(int status) {
        byte[] remark = new byte[512];
        cudnnGetLastErrorString(remark, remark.length);
        int length = 0;
        while (length < remark.length && remark[length] != 0 && remark[length] != '\n') {
            length++;
        }
        String name = cudnnGetErrorString(status).getString();
        return length == 0 ? name : name + ", " + new String(remark, 0, length, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        enter();
        cudnnDestroy(handle);
        workspaces.forEach(block -> queue.free(block.address(), block.bytes()));
        workspaces.clear();
    }
}
