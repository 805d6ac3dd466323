package dev.ottava.cli;

import dev.ottava.cli.MetricsFile.Step;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.data.BigramModel;
import dev.ottava.data.DataOptions;
import dev.ottava.data.Datasets;
import dev.ottava.data.Progress;
import dev.ottava.data.ProjectText;
import dev.ottava.hub.ModelFolder;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Sampler;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ottava demo}: what {@code train}, {@code generate} and {@code eval} do, on text that every checkout has. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        header = "Trains a small Llama on this project's own text, every parameter updated by AdaLomo.",
        footer = {"", "Exit code 0 says that the model predicts held-out text clearly better than pairs of letters do."
        })
final class DemoCommand implements Callable<Integer> {
    private static final int SEQ_LEN = 256;
    /** "Clearly" better than the bigram model, in nats for each byte. */
    private static final double MARGIN = 0.1;

    private static final String PROMPT = "/** The ";
    private static final int SAMPLE_BYTES = 400;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "800",
            description = "Updates (default: ${DEFAULT-VALUE}, about three minutes on two cores).")
    private int steps;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "Where the run goes (default: the first unused demo-run/N).")
    private Path output;

    private final Terminal terminal;

    DemoCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        String home = System.getProperty("ottava.home");
        if (home == null) {
            throw new InvalidArgumentException(
                    "the demo reads the text of the project's checkout: start it with bin/ottava, or say"
                            + " where the checkout is with -Dottava.home=DIR");
        }
        Path run = output != null ? output : unused();
        ProjectText text = ProjectText.write(Path.of(home), run.resolve("text"));
        String[] args = {
            "train",
            "--preset",
            "demo-3m",
            "--data",
            text.train().toString(),
            "--eval-data",
            text.heldOut().toString(),
            "--output",
            run.resolve("model").toString(),
            "--optimizer",
            "adalomo",
            "--learning-rate",
            "0.02",
            "--lr-schedule",
            "cosine",
            "--warmup-steps",
            String.valueOf(Math.min(40, steps / 10)),
            "--steps",
            String.valueOf(steps),
            "--batch-size",
            "8",
            "--seq-len",
            String.valueOf(SEQ_LEN)
        };
        terminal.out().println("ottava " + String.join(" ", args) + System.lineSeparator());
        Path model = new TrainingJob(TrainArguments.of(terminal, args), terminal).run();
        MetricsFile metrics = MetricsFile.read(model.resolve("metrics.jsonl"));
        boolean[] clearly = new boolean[1];
        Failures.work(() -> {
            picture(metrics);
            sample(model);
            clearly[0] = compare(metrics, text, model);
        });
        return clearly[0] ? 0 : Failures.LATER;
    }

    private static Path unused() {
        int number = 1;
        while (Files.exists(Path.of("demo-run", String.valueOf(number)))) {
            number++;
        }
        return Path.of("demo-run", String.valueOf(number));
    }

    private void picture(MetricsFile metrics) {
        double[] losses = metrics.steps().stream().mapToDouble(Step::loss).toArray();
        int first = metrics.steps().get(0).step();
        int last = metrics.steps().get(losses.length - 1).step();
        terminal.out().println();
        terminal.out().println("loss in nats for each byte, over the steps");
        terminal.out().print(LossPicture.draw(losses, first, last, 64, 10, terminal.unicode()));
    }

    private void sample(Path folder) {
        LlamaConfig config = ModelFolder.readConfig(folder);
        try (Device device = Device.open("cpu");
                ModelTokenizer tokenizer = ModelTokenizer.of(folder);
                LlamaModel model = ModelFolder.load(folder, device, new DeviceArguments().precision(device))) {
            PrintStream out = terminal.out();
            out.printf("%na sample, %d bytes at temperature 0.7:%n%n%s", SAMPLE_BYTES, PROMPT);
            Generation generation = new Generation(config, tokenizer.orNull(), PROMPT, SAMPLE_BYTES);
            generation.run(model, new Sampler(0.7, 0.95, 0), piece -> {
                out.print(piece);
                out.flush();
            });
            out.println();
        }
    }

    private boolean compare(MetricsFile metrics, ProjectText text, Path folder) {
        double loss =
                metrics.evaluations().get(metrics.evaluations().size() - 1).loss();
        double pairs = bigram(text, folder);
        PrintStream out = terminal.out();
        out.printf(
                "%nheld-out loss %s nats for each byte; a bigram model of the same text has %s%n",
                Format.fixed(loss, 4), Format.fixed(pairs, 4));
        boolean clearly = loss < pairs - MARGIN;
        out.println(
                clearly
                        ? "the model is better by " + Format.fixed(pairs - loss, 4)
                                + " nats: it gives the right next byte " + Format.fixed(Math.exp(pairs - loss), 2)
                                + " times the probability, in the geometric mean"
                        : "the model is not better by " + MARGIN
                                + " nats, which is what the demo asks for: train it for more --steps");
        out.println("report: " + folder.resolve("report.html").toAbsolutePath());
        return clearly;
    }

    private static double bigram(ProjectText text, Path folder) {
        LlamaConfig config = ModelFolder.readConfig(folder);
        DataOptions options = new DataOptions(List.of(text.train()), List.of(text.heldOut()), 0, SEQ_LEN, 0, false);
        try (ModelTokenizer tokenizer = ModelTokenizer.of(folder);
                Datasets.Split data = Datasets.open(
                        options,
                        tokenizer.orNull(),
                        config.vocabSize(),
                        config.maxPositionEmbeddings(),
                        config.eosTokenId(),
                        Progress.NONE)) {
            return BigramModel.train(data.train(), config.vocabSize()).loss(data.evalOrNull());
        }
    }
}
