package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong before the work begins: one line, exit code 2, nothing on stdout, nothing left behind. */
class ErrorsTest {
    @TempDir
    Path folder;

    private static final String MODEL = "--model " + Cli.GROUPED;
    private static final String DATA = " --data " + Cli.GROUPED.resolve("train.jsonl");

    private Cli run(String args) {
        String filled =
                args.replace("MODEL", MODEL).replace("DATA", DATA.strip()).replace("DIR", folder.toString());
        return Cli.run(filled.strip().split(" +"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "trian|unknown command 'trian', did you mean train?",
                "train --optimzer lomo|unknown option '--optimzer', did you mean --optimizer?",
                "train --data a.txt --optimzer lomo|unknown option '--optimzer', did you mean --optimizer?",
                "train --batchsize=3|unknown option '--batchsize', did you mean --batch-size?",
                "train --no-shufle|unknown option '--no-shufle', did you mean --no-shuffle?",
                "train --xyzzy|unknown option '--xyzzy'; see `ottava train --help`",
                "train here|unexpected argument 'here'",
                "train --optimizer adam|'adam' is none of lomo, adalomo, adamw, did you mean adamw?",
                "train --optimizer LOMO|did you mean lomo?",
                "train --lr-schedule cosin|'cosin' is none of constant, linear, cosine, did you mean cosine?",
                "train --activations fp4|'fp4' is none of bf16, fp8",
                "train --optimizer-states fp16|'fp16' is none of fp32, bf16, fp8",
                "train MODEL DATA --output DIR/x --activations fp8|--activations fp8 saves what linear layers in FP8 make and"
                        + " read: it needs --precision fp8",
                "train MODEL DATA --output DIR/x --optimizer-states fp8|--optimizer-states fp8 with lomo: only adamw has",
                "train MODEL DATA --output DIR/x --adamw-weights stochastic|--adamw-weights stochastic is for --optimizer"
                        + " adamw with weights in BF16",
                "largest-model --device cpu --preset llama-15m --vocabulary 256|--preset is a model with its vocabulary",
                "largest-model --device cpu --memory 1MB|not even the smallest model fits; give more --memory",
                "train --recompute all|'all' is none of none, block",
                "train --precision fp4|'fp4' is none of fp32, bf16, fp8",
                "train --steps 1.5|option '--steps': '1.5' is not a whole number",
                "train --learning-rate fast|option '--learning-rate': 'fast' is not a number",
                "train --seed 1 --seed 2|option '--seed' (N) should be specified only once",
                "train --batch-size|missing required parameter for option '--batch-size' (N)",
                "train|no output: --output DIR",
                "train --output DIR/x|no model: give --model DIR to go on from one, or --preset NAME",
                "train MODEL --output DIR/x|no data: --data FILE",
                "train MODEL --preset demo-3m --output DIR/x|--model and --preset: give only one",
                "train MODEL DATA --output DIR/x --steps 2 --epochs 1|--steps and --epochs: give only one",
                "train MODEL DATA --output DIR/x --epochs 0|--epochs 0.0: a number above 0",
                "train MODEL DATA --output DIR/x --epochs NaN|--epochs NaN: a number above 0",
                "train MODEL DATA --output DIR/x --steps 0|--steps",
                "train MODEL DATA --output DIR/x --batch-size 0|--batch-size",
                "train MODEL DATA --output DIR/x --seq-len 1|--seq-len 1: a whole number from 2",
                "train MODEL DATA --output DIR/x --seq-len 48 --gradient-accumulation-steps 2|consumes each gradient",
                "train MODEL DATA --output DIR/x --seq-len 48 --fp8-scaling tensor|--fp8-scaling is for --precision fp8",
                "train MODEL DATA --output DIR/x --weights fp4|'fp4' is none of fp32, bf16, fp8",
                "train MODEL DATA --output DIR/x --seq-len 48 --weights fp8 --optimizer adamw|only --optimizer lomo updates FP8",
                "train MODEL DATA --output DIR/x --seq-len 48 --weights fp8 --optimizer adalomo|--weights fp8 with adalomo",
                "train MODEL DATA --output DIR/x --precision fp8 --fp8-scaling tensor --weights fp8|use --fp8-scaling blocks",
                "train MODEL DATA --output DIR/x --fp8-weight-rounding nearest|--fp8-weight-rounding is for --weights fp8",
                "train MODEL DATA --output DIR/x --weights bf16 --fp8-weight-scales exact|--fp8-weight-scales is for --weights fp8",
                "train MODEL DATA --output DIR/x --keep-operands|--keep-operands is for --precision fp8",
                "plan --preset demo-3m --memory 80|--memory 80: a size such as 80GB or 24GiB",
                "train MODEL DATA --output DIR/x --seq-len 48 --learning-rate -1|--learning-rate -1.0",
                "train MODEL DATA --output DIR/x --seq-len 48 --device cuda:x|--device cuda:x: there is no such device",
                "train MODEL DATA --output DIR/x --seq-len 9999|is longer than the model's max_position_embeddings",
                "train MODEL --data DIR/none.jsonl --output DIR/x --seq-len 48|none.jsonl: no such file",
                "train MODEL --data DIR/bad.jsonl --output DIR/x --seq-len 48|bad.jsonl",
                "train MODEL --data DIR/a.csv --output DIR/x --seq-len 48|.txt or .jsonl",
                "train --model DIR/none --data a.jsonl --output DIR/x|none",
                "train --preset huge --data a.jsonl --output DIR/x|there is no preset 'huge'",
                "train MODEL DATA --output DIR/holds --seq-len 48|holds a run",
                "eval DATA|missing required option: '--model=DIR'",
                "eval MODEL|missing required option: '--data=FILE...'",
                "eval MODEL DATA --seq-len 48 --batch-size 0|--batch-size 0",
                "eval --model DIR DATA|DIR/config.json",
                "generate MODEL|specify one of these",
                "generate MODEL --prompt a --prompt-file b|mutually exclusive",
                "generate MODEL --prompt a|has no tokenizer.json",
                "generate MODEL --prompt-file DIR/none|none: no such file",
                "generate MODEL --prompt a --temperature -1|temperature -1.0",
                "generate MODEL --prompt a --top-p 0|top-p 0.0",
                "generate MODEL --prompt a --attention sale|--attention sale needs --thresholds FILE: `ottava calibrate` makes",
                "generate MODEL --prompt a --thresholds t.json|--thresholds is for --attention sale: give both, or neither",
                "generate MODEL --prompt a --attention-picture p.svg|--attention-picture shows what --attention sale keeps",
                "generate MODEL --prompt a --attention sale --thresholds DIR/none.json|there is no file DIR/none.json",
                "generate MODEL --prompt a --attention sale --thresholds DIR/bad.jsonl|bad.jsonl is broken",
                "generate MODEL --prompt a --attention sale --thresholds t --attention-picture DIR|is a folder: name a file",
                "generate MODEL --prompt a --attention sale --thresholds t --attention-picture DIR/no/p.svg|there is no folder"
                        + " DIR/no",
                "generate MODEL --prompt a --attention flash|'flash' is none of dense, sale",
                "calibrate MODEL DATA --output DIR/x|specify one of these",
                "calibrate MODEL DATA --output DIR/x --error 1 --relative-error 1|mutually exclusive",
                "calibrate MODEL DATA --error 1|missing required option: '--output=FILE'",
                "calibrate MODEL DATA --output DIR --error 1|is a folder: name a file",
                "calibrate MODEL DATA --output DIR/x --error 0|error 0.0: a number above 0",
                "calibrate MODEL DATA --output DIR/x --error 1 --samples 0|--samples 0: a whole number from 1",
                "calibrate MODEL DATA --output DIR/x --error 1 --row-step 3|row step 3: SALE estimates every query",
                "calibrate MODEL DATA --output DIR/x --error 1|SALE takes head sizes 64 and 128, and the model's is 16",
                "plan --preset demo-3m --seq-len 4096|--seq-len 4096 is longer than the model's"
                        + " max_position_embeddings 2048",
                "bench gem|there is no such suite: gemm, quantize, norm",
                "bench norm --device simt|an interpreter's times say nothing",
                "bench norm --turns 0|--turns 0",
                "bench --from DIR/none.jsonl|none.jsonl: no such file",
                "bench --compare DIR/none.jsonl|--compare",
                "plan --preset demo-3m --device gpu|--device gpu: there is no such device",
            })
    void oneLineAndTwo(String args, String message) throws IOException {
        Files.writeString(folder.resolve("bad.jsonl"), "{\"input_ids\": [1, 2}\n");
        Files.writeString(folder.resolve("a.csv"), "1,2\n");
        Files.createDirectories(folder.resolve("holds"));
        Files.writeString(folder.resolve("holds/metrics.jsonl"), "");
        Cli result = run(args);
        assertTrue(result.err().startsWith("ottava: "), result.err());
        assertTrue(
                result.err().contains(message.replace("DIR/", folder + "/"))
                        || result.err().contains(message),
                result.err());
        assertEquals(1, result.err().lines().count(), result.err());
        assertFalse(result.err().contains("internal error"), result.err());
        assertEquals("", result.out());
        assertEquals(2, result.code());
        assertFalse(Files.exists(folder.resolve("x")), "an output folder is left behind");
    }

    @Test
    void nothingAtAllSaysWhatThereIs() {
        Cli result = Cli.run();
        assertEquals(2, result.code());
        assertEquals(
                "ottava: no command given: train, eval, generate, calibrate, plan, doctor, largest-model, demo, bench, conformance; see `ottava --help`\n",
                result.err());
    }

    /** The largest preset with a batch that no machine has memory for, refused before anything is allocated. */
    @Test
    void aRunThatDoesNotFitSaysWhatWould() {
        Cli result = run("train --preset llama-110m DATA --output DIR/x --batch-size 4096 --seq-len 2048");
        assertEquals(2, result.code());
        assertTrue(
                result.err()
                        .matches("ottava: the run does not fit: it needs .* TiB \\(weights .*, activations .*\\) and"
                                + " cpu has .* free; (--recompute block --batch-size \\d+ would fit|not even"
                                + " .*)\n"),
                result.err());
        assertFalse(Files.exists(folder.resolve("x")));
    }

    @Test
    void whatFailsLaterIsOne() {
        Cli result = run(
                "train MODEL DATA --output DIR/x --seq-len 48 --batch-size 2 --learning-rate 1e30 --precision fp32");
        assertEquals(1, result.code(), result.err());
        assertTrue(result.err().startsWith("ottava: "), result.err());
        assertTrue(result.err().matches("(?s).*step \\d+.*"), result.err());
        assertEquals(1, result.err().lines().count(), result.err());
        assertFalse(Files.exists(folder.resolve("x/model.safetensors")), "weights that are not numbers were saved");
    }

    @Test
    void debugAddsTheStackTrace() {
        System.setProperty("ottava.debug", "true");
        try {
            Cli result = run("train MODEL");
            assertEquals(2, result.code());
            assertTrue(result.err().contains("\tat dev.ottava.cli."), result.err());
        } finally {
            System.clearProperty("ottava.debug");
        }
    }

    @Test
    void closestWord() {
        assertEquals(1, Closest.distance("tarin", "train"));
        assertEquals(3, Closest.distance("kitten", "sitting"));
        assertEquals(0, Closest.distance("LOMO", "lomo"));
        assertEquals("", Closest.hint("x", List.of("lomo", "adamw")));
        assertEquals(", did you mean adamw?", Closest.hint("adam", List.of("lomo", "adalomo", "adamw")));
    }
}
