package dev.ottava.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.kernel.Sale;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.SaleCalibration;
import dev.ottava.nn.SaleErrorBound;
import dev.ottava.nn.SaleThresholds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SaleThresholdsFileTest {
    private static final LlamaConfig CONFIG = LlamaConfig.llama(40, 128, 64, 3, 2, 1, 1024, -1, -1);

    @TempDir
    Path folder;

    private static SaleThresholdsFile example() {
        float[][] tau = {{0.008f, 0}, {0.004f, 0.000125f}, {0.002f, 0.008f}};
        SaleThresholds thresholds = new SaleThresholds(new Sale.Selection(128, 4), tau);
        double[][] errors = {{0.1, 0}, {0.3, 0.39}, {1e-7, 0.2}};
        double[][] kept = {{0.5, 1}, {1.0 / 3, 0.9}, {0.25, 0.125}};
        return SaleThresholdsFile.of(
                "tuned", CONFIG, new SaleCalibration(thresholds, new SaleErrorBound(true, 0.4), errors, kept, 5, 5000));
    }

    private Path written() {
        Path file = folder.resolve("new/thresholds.json");
        example().write(file);
        return file;
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Path file = written();
        SaleThresholdsFile read = SaleThresholdsFile.read(file);
        SaleCalibration expected = example().calibration();
        SaleCalibration found = read.calibration();
        assertEquals("tuned", read.model());
        assertEquals(expected.bound(), found.bound());
        assertEquals(5, found.samples());
        assertEquals(5000, found.tokens());
        SaleThresholds thresholds = read.thresholds(CONFIG);
        assertEquals(new Sale.Selection(128, 4), thresholds.selection());
        for (int layer = 0; layer < 3; layer++) {
            assertArrayEquals(expected.thresholds().tau()[layer], thresholds.tau()[layer]);
            assertArrayEquals(expected.errors()[layer], found.errors()[layer]);
            assertArrayEquals(expected.keptFractions()[layer], found.keptFractions()[layer]);
        }
        read.write(folder.resolve("again.json"));
        assertEquals(-1, Files.mismatch(file, folder.resolve("again.json")));
        assertFalse(Files.exists(folder.resolve(".saving")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"format\" : \"ottava|\"format\" : \"other|has no thresholds of SALE",
                "\"version\" : 1|\"version\" : 2|version is 2: it must be 1: calibrate again",
                "[ 64, 64 ]|[ 64, 32 ]|block is [64,32]: it must be [64, 64]",
                "\"row_step\" : 4|\"row_step\" : 5|thresholds.json: row step 5",
                "\"local_keys\" : 128|\"local_keys\" : 0|thresholds.json: local keys 0",
                "0.004|-0.004|thresholds.json: tau of layer 1, head 0 is -0.004",
                "[ 0.008, 0.0 ]|[ 0.008 ]|: it must be 3 lists of 2 finite numbers",
                "\"num_hidden_layers\" : 3|\"num_hidden_layers\" : 4|: it must be 4 lists of 2 finite numbers",
                "\"relative\"|\"some\"|kind is \"some\": it must be absolute or relative",
                "\"limit\" : 0.4|\"limit\" : 0|relative error 0.0: a number above 0",
                "\"model\"|\"modell\"|model is missing",
                "\"tau\"|\"taus\"|tau is missing",
                "{|[|thresholds.json",
            })
    void whatIsBrokenIsSaid(String before, String after, String message) throws IOException {
        Path file = written();
        String text = Files.readString(file);
        assertTrue(text.contains(before), text);
        Files.writeString(file, text.replace(before, after));
        String said = assertThrows(InvalidArgumentException.class, () -> SaleThresholdsFile.read(file))
                .getMessage();
        assertTrue(said.contains(message), said);
        assertEquals(1, said.lines().count(), said);
    }

    @Test
    void anotherModelIsRefused() {
        LlamaConfig other = LlamaConfig.llama(40, 128, 64, 3, 2, 2, 1024, -1, -1);
        String said = assertThrows(
                        InvalidArgumentException.class, () -> example().thresholds(other))
                .getMessage();
        assertEquals(
                "the thresholds are of tuned, 3 layers of 2 heads (1 of keys) of 64 channels, and this model has 3 layers"
                        + " of 2 heads (2 of keys) of 64 channels: run `ottava calibrate` for it",
                said);
        assertThrows(InvalidArgumentException.class, () -> SaleThresholdsFile.read(folder.resolve("none.json")));
    }
}
