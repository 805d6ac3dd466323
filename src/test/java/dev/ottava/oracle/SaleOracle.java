package dev.ottava.oracle;

/**
 * The definition of sparse_attention.h: codes and estimates in the arithmetic that it prescribes, F32 and exact integers; thresholds in double. Queries are
 * [batch, queryLength, heads, headDim], keys [batch, capacity, kvHeads, headDim], of which keyLength count.
 */
public record SaleOracle(
        int batch,
        int heads,
        int kvHeads,
        int headDim,
        int queryLength,
        int keyLength,
        int capacity,
        int localKeys,
        int rowStep,
        double scale) {
    public static final int BLOCK = 64;

    /** Codes [rows of all heads, headDim] and their scales [heads, scales]. */
    public record Codes(byte[][] codes, float[] scales, int rows, int scalesOfHead, boolean keys) {
        float scale(int head, int row) {
            return scales[head * scalesOfHead + number(row, keys)];
        }

        byte[] row(int head, int row) {
            return codes[head * rows + row];
        }
    }

    private static int number(int row, boolean keys) {
        return keys ? row / 32 * 4 + row % 8 / 2 : row / 16 * 8 + row % 8;
    }

    /** Of rows [0, length) of x [batch, capacity, heads, headDim]; codes and scales of rows behind are 0. */
    public static Codes quantize(
            float[] x, float[] mean, int batch, int heads, int headDim, int length, int capacity, boolean keys) {
        int scales = keys ? (capacity + 31) / 32 * 4 : (capacity + 15) / 16 * 8;
        Codes result = new Codes(
                new byte[batch * heads * capacity][headDim], new float[batch * heads * scales], capacity, scales, keys);
        float[] largest = new float[batch * heads * scales];
        for (int pass = 0; pass < 2; pass++) {
            for (int head = 0; head < batch * heads; head++) {
                for (int row = 0; row < length; row++) {
                    int at = head * scales + number(row, keys);
                    if (pass == 1) {
                        result.scales[at] = scaleOf(largest[at]);
                    }
                    for (int d = 0; d < headDim; d++) {
                        float value = x[((head / heads * capacity + row) * heads + head % heads) * headDim + d]
                                - mean[head * headDim + d];
                        if (pass == 0) {
                            boolean number = Math.abs(value) <= Float.MAX_VALUE;
                            largest[at] = number ? Math.max(largest[at], Math.abs(value)) : Float.NaN;
                        } else {
                            result.codes[head * capacity + row][d] = (byte) Math.rint(value / result.scales[at]);
                        }
                    }
                }
            }
        }
        return result;
    }

    private static float scaleOf(float largest) {
        return largest == 0 ? 1 : Float.isNaN(largest) ? largest : Math.max(largest / 7, Float.MIN_NORMAL);
    }

    public int rows() {
        return (queryLength + rowStep - 1) / rowStep;
    }

    public int queryBlocks() {
        return (queryLength + BLOCK - 1) / BLOCK;
    }

    public int keyBlocks() {
        return (keyLength + BLOCK - 1) / BLOCK;
    }

    public int firstLocal(int queryBlock) {
        return Math.max(0, queryBlock * BLOCK + keyLength - queryLength - localKeys + 1) / BLOCK;
    }

    public int lastLocal(int queryBlock) {
        return (Math.min(queryLength, (queryBlock + 1) * BLOCK) - 1 + keyLength - queryLength) / BLOCK;
    }

    public int keyHead(int head) {
        return head / heads * kvHeads + head % heads / (heads / kvHeads);
    }

    /** The estimate of a query and a key; correction [batch, heads, 64 keyBlocks]. */
    public float estimate(Codes queries, Codes keys, float[] correction, int head, int query, int key) {
        byte[] a = queries.row(head, query);
        byte[] b = keys.row(keyHead(head), key);
        int sum = 0;
        for (int d = 0; d < headDim; d++) {
            sum += a[d] * b[d];
        }
        float scales = queries.scale(head, query) * keys.scale(keyHead(head), key);
        return Math.fma((float) sum, scales, correction[head * keyBlocks() * BLOCK + key]);
    }

    /** The largest estimate of a query in a key block; NaN if any is one. */
    public float largest(Codes queries, Codes keys, float[] correction, int head, int query, int block) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int key = block * BLOCK; key < (block + 1) * BLOCK; key++) {
            largest = Math.max(largest, estimate(queries, keys, correction, head, query, key));
        }
        return largest;
    }

    /** q · (k - keyMean), not scaled. */
    public double score(float[] q, float[] k, float[] keyMean, int head, int query, int key) {
        int queryAt = ((head / heads * queryLength + query) * heads + head % heads) * headDim;
        int keyHead = keyHead(head);
        int keyAt = ((keyHead / kvHeads * capacity + key) * kvHeads + keyHead % kvHeads) * headDim;
        double sum = 0;
        for (int d = 0; d < headDim; d++) {
            sum += (double) q[queryAt + d] * ((double) k[keyAt + d] - keyMean[keyHead * headDim + d]);
        }
        return sum;
    }

    public double threshold(float[] q, float[] k, float[] keyMean, double tau, int head, int query) {
        int last = query + keyLength - queryLength;
        int firstLocal = firstLocal(query / BLOCK) * BLOCK;
        double largest = Double.NEGATIVE_INFINITY;
        double sum = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (int key = 0; key <= last; key = key == BLOCK - 1 ? Math.max(BLOCK, firstLocal) : key + 1) {
                double score = score(q, k, keyMean, head, query, key);
                if (pass == 0) {
                    largest = Math.max(largest, score);
                } else {
                    sum += Math.exp(scale * (score - largest));
                }
            }
        }
        return largest + Math.log(tau * sum) / scale;
    }

    /** A bit of a mask [batch, heads, queryBlocks, words]. */
    public boolean bit(int[] mask, int head, int queryBlock, int block) {
        int words = (keyBlocks() + 31) / 32;
        return (mask[(head * queryBlocks() + queryBlock) * words + block / 32] >>> block % 32 & 1) != 0;
    }

    /** The codes of queries [batch, queryLength, heads, headDim]. */
    public Codes quantizedQueries(float[] q, float[] mean) {
        return quantize(q, mean, batch, heads, headDim, queryLength, queryLength, false);
    }

    /** The codes of keys [batch, capacity, kvHeads, headDim]. */
    public Codes quantizedKeys(float[] k, float[] mean) {
        return quantize(k, mean, batch, kvHeads, headDim, keyLength, capacity, true);
    }
}
