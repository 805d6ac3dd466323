package dev.ottava.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code ottava}.
 *
 * <p>Exit codes: 0 done; 2 anything wrong before the work began, in one line on stderr; 1 what goes wrong later. The
 * system property {@code ottava.debug} set to {@code true} adds the stack trace.
 */
@Command(
        name = "ottava",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Trains large language models with all their parameters, from Java.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footer = {
            "",
            "Examples:",
            "  ottava demo",
            "  ottava train --model Qwen2.5-0.5B --data chat.jsonl --output tuned --learning-rate 0.005",
            "  ottava generate --model tuned --prompt \"Once upon a time\"",
            "",
            "`ottava COMMAND --help` explains a command. Exit codes: 0 done, 2 wrong before the work began,",
            "1 failed later. -Dottava.debug=true adds the stack trace of a failure."
        })
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    private Main() {}

    public static void main(String[] args) {
        System.exit(run(Terminal.ofProcess(), args));
    }

    /** Runs a command and returns its exit code; writes plain lines, as to a file. */
    public static int run(PrintStream out, PrintStream err, String... args) {
        return run(new Terminal(out, err, false, true), args);
    }

    static int run(Terminal terminal, String... args) {
        try {
            CommandLine commandLine = commandLine(terminal);
            CommandLine command =
                    args.length == 0 ? null : commandLine.getSubcommands().get(args[0]);
            if (command != null) {
                ConfigFile.named(args, command.getCommandSpec()).ifPresent(command::setDefaultValueProvider);
            }
            return commandLine.execute(args);
        } catch (Throwable failure) {
            return Failures.report(terminal, failure);
        } finally {
            terminal.out().flush();
            terminal.err().flush();
        }
    }

    static CommandLine commandLine(Terminal terminal) {
        CommandLine commandLine = new CommandLine(new Main())
                .addSubcommand(new TrainCommand(terminal))
                .addSubcommand(new EvalCommand(terminal))
                .addSubcommand(new GenerateCommand(terminal))
                .addSubcommand(new CalibrateCommand(terminal))
                .addSubcommand(new PlanCommand(terminal))
                .addSubcommand(new DoctorCommand(terminal))
                .addSubcommand(new LargestModelCommand(terminal))
                .addSubcommand(new DemoCommand(terminal))
                .addSubcommand(new BenchCommand(terminal))
                .addSubcommand(new ConformanceCommand(terminal));
        Choices.register(commandLine);
        OptionGroups.install(commandLine);
        commandLine
                .setUnmatchedOptionsAllowedAsOptionParameters(false)
                .setAbbreviatedOptionsAllowed(false)
                .setUsageHelpWidth(110)
                .setUsageHelpLongOptionsMaxWidth(34)
                .setOut(writer(terminal.out()))
                .setErr(writer(terminal.err()))
                .setParameterExceptionHandler((failure, args) -> Failures.report(terminal, failure))
                .setExecutionExceptionHandler((failure, line, result) -> Failures.report(terminal, failure));
        // A prompt may begin with a dash, as lists do.
        commandLine.getSubcommands().get("generate").setUnmatchedOptionsAllowedAsOptionParameters(true);
        return commandLine;
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }

    @Override
    public void run() {
        Map<String, CommandLine> commands = spec.subcommands();
        throw new ParameterException(spec.commandLine(), "no command given: " + String.join(", ", commands.keySet()));
    }
}
