package dev.ottava.cli;

import dev.ottava.core.OttavaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what went wrong into one line on stderr and an exit code. */
final class Failures {
    static final int BEFORE_WORK = 2;
    static final int LATER = 1;

    /** picocli says so when an unknown option stands where a value is expected. */
    private static final Pattern UNKNOWN_AS_VALUE = Pattern.compile("Unknown option: '(.*?)'; Expected parameter");

    private Failures() {}

    /** Marks what its cause is: a failure after the work began. */
    static final class WorkFailed extends RuntimeException {
        WorkFailed(Throwable cause) {
            super(cause);
        }
    }

    /** Does the work itself; what fails from here on has exit code 1. */
    static void work(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            throw new WorkFailed(e);
        }
    }

    static int report(Terminal terminal, Throwable failure) {
        Throwable cause = failure instanceof WorkFailed ? failure.getCause() : failure;
        String line = cause instanceof ParameterException wrong ? line(wrong) : line(cause);
        terminal.out().flush();
        terminal.err().println("ottava: " + line.strip().replaceAll("\\s*\\R\\s*", "; "));
        if (Boolean.getBoolean("ottava.debug")) {
            cause.printStackTrace(terminal.err());
        }
        return failure instanceof WorkFailed ? LATER : BEFORE_WORK;
    }

    static String line(Throwable failure) {
        if (failure instanceof UncheckedIOException wrapped) {
            return line(wrapped.getCause());
        }
        if (failure instanceof NoSuchFileException missing) {
            return missing.getFile() + ": no such file";
        }
        if (failure instanceof AccessDeniedException denied) {
            return denied.getFile() + ": permission denied";
        }
        if (failure instanceof FileAlreadyExistsException there) {
            return there.getFile() + ": there is a file of this name already";
        }
        if (failure instanceof FileSystemException file && file.getReason() != null) {
            return file.getFile() + ": " + file.getReason();
        }
        if (failure instanceof OutOfMemoryError) {
            return "the Java heap is full (" + failure.getMessage()
                    + "): give it more, as in `ottava -Xmx4g train ...`";
        }
        if (failure instanceof OttavaException || (failure instanceof IOException && failure.getMessage() != null)) {
            return failure.getMessage();
        }
        return "internal error: " + failure + " (-Dottava.debug=true shows where)";
    }

    private static String line(ParameterException wrong) {
        CommandLine command = wrong.getCommandLine();
        String help = "; see `" + command.getCommandSpec().qualifiedName() + " --help`";
        Matcher asValue = UNKNOWN_AS_VALUE.matcher(wrong.getMessage());
        if (asValue.lookingAt()) {
            return unknown(command, asValue.group(1)) + help;
        }
        if (wrong instanceof UnmatchedArgumentException unmatched) {
            return unknown(command, unmatched.getUnmatched().get(0)) + help;
        }
        ArgSpec argument = wrong.getArgSpec();
        boolean configured = argument != null
                && command.getDefaultValueProvider() instanceof ConfigFile config
                && config.defaultValue(argument) != null
                && config.defaultValue(argument).equals(wrong.getValue());
        String where = configured ? " (in " + ((ConfigFile) command.getDefaultValueProvider()).file() + ")" : "";
        return plainWords(wrong.getMessage()) + where + help;
    }

    private static String plainWords(String message) {
        String words = message.replaceFirst("^Error: ", "")
                .replaceFirst(" is not an? (int|long)$", " is not a whole number")
                .replaceFirst(" is not a double$", " is not a number");
        return words.substring(0, 1).toLowerCase(Locale.ROOT) + words.substring(1);
    }

    private static String unknown(CommandLine command, String word) {
        String name = word.contains("=") ? word.substring(0, word.indexOf('=')) : word;
        List<String> known = new ArrayList<>();
        String kind = "unexpected argument";
        if (name.startsWith("-")) {
            kind = "unknown option";
            command.getCommandSpec().options().forEach(option -> known.addAll(OptionGroups.names(option)));
        } else if (!command.getSubcommands().isEmpty()) {
            kind = "unknown command";
            known.addAll(command.getSubcommands().keySet());
        }
        return kind + " '" + name + "'" + Closest.hint(name, known);
    }
}
