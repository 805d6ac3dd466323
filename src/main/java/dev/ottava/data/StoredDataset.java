package dev.ottava.data;

import dev.ottava.core.InvalidArgumentException;
import java.util.Arrays;

/** Rows of a {@link TokenStore}, all of them or a selection, in file order or shuffled anew in each epoch. */
final class StoredDataset implements Dataset {
    private final TokenStore store;
    private final RowTable table;
    private final int[] selection;
    private final boolean shuffle;
    private final long seed;
    private final long tokens;
    private boolean closed;

    // Two orders, because a batch may begin in one epoch and end in the next: epoch e lies in slot e % 2.
    private final int[][] orders = new int[2][];
    private final long[] epochs = {-1, -1};

    /** Takes over the store. {@code selection}: the rows to show, or null for all. */
    StoredDataset(TokenStore store, RowTable table, int[] selection, long seed, boolean shuffle) {
        this.store = store;
        this.table = table;
        this.selection = selection;
        this.seed = seed;
        this.shuffle = shuffle;
        long sum = 0;
        for (int i = 0; i < rows(); i++) {
            sum += table.length(selected(i));
        }
        tokens = sum;
    }

    @Override
    public int rows() {
        return selection == null ? table.size() : selection.length;
    }

    @Override
    public long tokens() {
        return tokens;
    }

    @Override
    public Batch batch(long start, int count) {
        if (start < 0 || count < 1) {
            throw new InvalidArgumentException(
                    "batch of " + count + " sequences from " + start + ": start from 0, count from 1");
        }
        int[] rows = new int[count];
        int length = 0;
        for (int i = 0; i < count; i++) {
            rows[i] = row(start + i);
            length = Math.max(length, table.length(rows[i]));
        }
        if ((long) count * length > Integer.MAX_VALUE - 8) {
            throw new InvalidArgumentException("a batch of " + count + " sequences of " + length
                    + " ids does not fit an array: lower --batch-size or --seq-len");
        }
        int[] ids = new int[count * length];
        int[] targets = new int[count * length];
        Arrays.fill(targets, -1);
        int[] row = new int[length + 1];
        long targetCount = 0;
        long tokenCount = 0;
        for (int i = 0; i < count; i++) {
            int own = table.length(rows[i]);
            int known = table.followed(rows[i]) ? own + 1 : own;
            store.read(table.start(rows[i]), known, row, 0);
            System.arraycopy(row, 0, ids, i * length, own);
            int first = Math.max(table.prompt(rows[i]), 1);
            System.arraycopy(row, first, targets, i * length + first - 1, known - first);
            targetCount += known - first;
            tokenCount += own;
        }
        return new Batch(count, length, ids, targets, targetCount, tokenCount);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            store.close();
        }
    }

    private int row(long index) {
        int position = (int) (index % rows());
        return selected(shuffle ? order(index / rows())[position] : position);
    }

    private int selected(int i) {
        return selection == null ? i : selection[i];
    }

    private synchronized int[] order(long epoch) {
        int slot = (int) (epoch & 1);
        if (epochs[slot] != epoch) {
            orders[slot] = SplitMix64.of(seed, epoch).permutation(rows());
            epochs[slot] = epoch;
        }
        return orders[slot];
    }
}
