package dev.ottava;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.Device;
import dev.ottava.data.DataOptions;
import dev.ottava.data.Dataset;
import dev.ottava.data.Datasets;
import dev.ottava.hub.ModelFolder;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.train.Trainer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs and the jshell session of examples/ do what they say. */
@Tag("build")
class ExamplesTest {
    private static final Path EXAMPLES = Path.of("examples");
    private static final Path GOLDEN = Path.of("src/test/resources/goldens/llama-gqa");

    @TempDir
    Path folder;

    /** Compiles an example as its user would, runs it, and returns what it printed. */
    private String run(String example, String... arguments) throws Exception {
        ByteArrayOutputStream messages = new ByteArrayOutputStream();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        int status = compiler.run(
                null,
                messages,
                messages,
                "-Xlint:all,-path",
                "-Werror",
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                folder.resolve("classes").toString(),
                EXAMPLES.resolve(example + ".java").toString());
        assertEquals(0, status, messages::toString);

        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        URL[] classes = {folder.resolve("classes").toUri().toURL()};
        try (URLClassLoader loader = new URLClassLoader(classes);
                PrintStream capture = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setOut(capture);
            loader.loadClass(example).getMethod("main", String[].class).invoke(null, (Object) arguments);
        } finally {
            System.setOut(out);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    @Test
    void fineTuneLoadsTrainsAndSaves() throws Exception {
        Path tuned = folder.resolve("tuned");
        String printed =
                run("FineTune", GOLDEN.toString(), GOLDEN.resolve("train.jsonl").toString(), tuned.toString());
        assertTrue(printed.contains("step 9 of 9: loss "), printed); // three times 12 rows, by 4
        double before = loss(GOLDEN);
        double after = loss(tuned);
        assertTrue(after < before - 0.01, "the loss was " + before + " and is " + after);
    }

    @Test
    void ownOptimizerGoesOnWhereItStopped() throws Exception {
        String rows = GOLDEN.resolve("train.jsonl").toString();
        String whole = run(
                "OwnOptimizer", GOLDEN.toString(), rows, folder.resolve("whole").toString(), "6");
        String stopped = folder.resolve("stopped").toString();
        String first = run("OwnOptimizer", GOLDEN.toString(), rows, stopped, "4");
        String rest = run("OwnOptimizer", GOLDEN.toString(), rows, stopped, "6");
        assertEquals(6, whole.lines().count(), whole);
        assertTrue(rest.startsWith("step 5"), rest);
        assertEquals(whole, first + rest);
        double before = Double.parseDouble(find("step 1: loss (.*)", whole));
        double after = Double.parseDouble(find("step 6: loss (.*)", whole));
        assertTrue(after < before, whole);
    }

    private static double loss(Path model) {
        DataOptions rows = DataOptions.inOrder(List.of(GOLDEN.resolve("train.jsonl")), 128);
        try (Device device = Device.open("cpu");
                LlamaModel loaded = ModelFolder.load(model, device, Precision.F32);
                Dataset data = Datasets.open(rows, null, loaded.config()).train()) {
            return Trainer.evaluate(loaded, data, 12);
        }
    }

    @Test
    void fineTuneStaysShort() throws IOException {
        int lines = Files.readAllLines(EXAMPLES.resolve("FineTune.java")).size();
        assertTrue(lines < 40, lines + " lines");
    }

    @Test
    void kernelPlaygroundPrintsWhatTheKernelsDo() throws Exception {
        String printed = run("KernelPlayground");
        assertEquals("[1.2, 1.6, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]", find("rms norm: (.*)", printed), printed);
        assertTrue(find("gemm: (.*)", printed).startsWith("[1.2, 8.0, 2.8"), printed);
        assertEquals("1.00000", find("stochastic false: 1 becomes (.*)", printed), printed);
        double mean = Double.parseDouble(find("stochastic true: 1 becomes (.*)", printed));
        assertEquals(1 + 0x1p-7, mean, 0x1p-7 * 0.02); // 100 draws of 1/100 by 1000 weights: 0.003 from the mean
        assertEquals("position 0 sees 10.00, position 1 sees 15.00", find("attention: (.*)", printed), printed);
    }

    private static String find(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertTrue(matcher.find(), () -> pattern + " is not in: " + text);
        return matcher.group(1);
    }

    @Test
    void theJshellSessionAnswersWhatTheReadmeSays() throws IOException {
        String readme = Files.readString(EXAMPLES.resolve("README.md"));
        Matcher session = Pattern.compile("```jshell\n(.*?)```", Pattern.DOTALL).matcher(readme);
        assertTrue(session.find());
        List<String> lines = session.group(1).lines().toList();
        assertTrue(lines.size() <= 10, lines.size() + " lines");
        assertEquals(find("It answers `(.*?)`", readme), evaluate(lines));
    }

    /** The value of the last line. */
    private static String evaluate(List<String> lines) {
        String classPath = System.getProperty("java.class.path");
        String value = null;
        try (JShell shell = JShell.builder()
                .compilerOptions("-cp", classPath)
                .remoteVMOptions("-cp", classPath, "-XX:TieredStopAtLevel=1")
                .build()) {
            for (String line : lines) {
                List<SnippetEvent> events = shell.eval(
                        shell.sourceCodeAnalysis().analyzeCompletion(line).source()); // with its semicolon
                assertEquals(1, events.size(), line);
                SnippetEvent event = events.get(0);
                assertEquals(Snippet.Status.VALID, event.status(), line);
                assertEquals(null, event.exception(), line);
                value = event.value();
            }
        }
        return value;
    }
}
