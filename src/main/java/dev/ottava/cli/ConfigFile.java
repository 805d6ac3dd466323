package dev.ottava.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * {@code --config FILE.yaml}: its keys are options without the dashes, its values their defaults, so that the command
 * line wins.
 */
final class ConfigFile implements IDefaultValueProvider {
    /** Splits the default of an option that takes several files: the one character that no file name has. */
    static final String LIST_SEPARATOR = "\0";

    private static final YAMLMapper YAML = YAMLMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final Path file;
    private final Map<OptionSpec, String> values = new LinkedHashMap<>();

    private ConfigFile(Path file) {
        this.file = file;
    }

    /** The file that the arguments name, if the command has the option {@code --config} and they do. */
    static Optional<ConfigFile> named(String[] args, CommandSpec command) {
        if (command.findOption("--config") == null) {
            return Optional.empty();
        }
        Only only = new Only();
        try {
            // Defaults are needed before the arguments are parsed, so --config alone is looked up first.
            new CommandLine(only).setUnmatchedArgumentsAllowed(true).parseArgs(args);
        } catch (ParameterException wrong) {
            return Optional.empty(); // the command's own parser says what is wrong
        }
        return Optional.ofNullable(only.file).map(file -> read(file, command));
    }

    private static final class Only {
        @Option(names = "--config")
        private Path file;
    }

    static ConfigFile read(Path path, CommandSpec command) {
        ConfigFile config = new ConfigFile(path);
        for (Map.Entry<String, JsonNode> entry : parse(path).properties()) {
            config.put(entry.getKey(), entry.getValue(), command);
        }
        return config;
    }

    private static JsonNode parse(Path path) {
        try {
            JsonNode root = YAML.readTree(Files.readString(path));
            if (root == null || !root.isObject()) {
                throw new InvalidArgumentException(
                        path + ": a mapping of options to values is expected, as in `steps: 100`");
            }
            return root;
        } catch (JsonProcessingException e) {
            String line =
                    e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr();
            throw new InvalidArgumentException(path + line + ": not valid YAML: "
                    + e.getOriginalMessage().lines().findFirst().orElse(""));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void put(String key, JsonNode value, CommandSpec command) {
        List<String> known = new ArrayList<>();
        for (OptionSpec option : command.options()) {
            if (option.names().length > 0
                    && !option.usageHelp()
                    && !option.versionHelp()
                    && !option.longestName().equals("--config")) {
                for (String name : OptionGroups.names(option)) {
                    known.add(name.substring(2));
                    if (name.equals("--" + key)) {
                        boolean negated =
                                option.negatable() && !option.longestName().equals(name);
                        values.put(option, text(key, value, option, negated));
                        return;
                    }
                }
            }
        }
        throw new InvalidArgumentException(file + ": unknown key '" + key + "'" + Closest.hint(key, known));
    }

    private String text(String key, JsonNode value, OptionSpec option, boolean negated) {
        if (value.isArray() && option.isMultiValue() && !value.isEmpty()) {
            List<String> items = new ArrayList<>();
            value.forEach(item -> items.add(scalar(key, item)));
            return String.join(LIST_SEPARATOR, items);
        }
        String text = scalar(key, value);
        boolean flag = option.type() == boolean.class;
        if (flag && !value.isBoolean()) {
            throw new InvalidArgumentException(file + ": " + key + " is " + text + ": true or false is expected");
        }
        return negated ? String.valueOf(!value.booleanValue()) : text;
    }

    private String scalar(String key, JsonNode value) {
        if (!value.isValueNode() || value.isNull()) {
            throw new InvalidArgumentException(file + ": " + key + " has "
                    + (value.isNull()
                            ? "no value"
                            : "a " + (value.isArray() ? "list" : "mapping") + " where one value is expected"));
        }
        return value.asText();
    }

    Path file() {
        return file;
    }

    @Override
    public String defaultValue(ArgSpec argument) {
        return argument.isOption() ? values.get((OptionSpec) argument) : null;
    }
}
