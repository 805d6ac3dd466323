package dev.ottava.data;

import java.nio.file.Path;

/** Follows the reading of data files; called about once a mebibyte and at the end of each file. */
@FunctionalInterface
public interface Progress {
    /** Reports to nobody. */
    Progress NONE = (file, bytesRead, bytesInAll) -> {};

    void update(Path file, long bytesRead, long bytesInAll);
}
