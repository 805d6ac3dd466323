package dev.ottava.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Writes the options of a command in groups: each mixin is one, and the mixin's name its heading. */
final class OptionGroups {
    private OptionGroups() {}

    static void install(CommandLine commandLine) {
        commandLine.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, OptionGroups::render);
        commandLine.getSubcommands().values().forEach(OptionGroups::install);
    }

    private static String render(Help help) {
        Map<String, List<OptionSpec>> mixins = new LinkedHashMap<>();
        collect(help.commandSpec(), mixins);
        List<OptionSpec> own = new ArrayList<>(help.commandSpec().options());
        mixins.values().forEach(own::removeAll);
        List<OptionSpec> common = own.stream()
                .filter(option -> option.usageHelp() || option.versionHelp())
                .toList();
        own.removeAll(common);
        Map<String, List<OptionSpec>> groups = new LinkedHashMap<>();
        groups.put("Options", own);
        groups.putAll(mixins);
        groups.put("Help", common);
        StringBuilder text = new StringBuilder();
        groups.forEach((heading, options) -> text.append(options.isEmpty() ? "" : render(help, heading, options)));
        return text.toString();
    }

    private static void collect(CommandSpec spec, Map<String, List<OptionSpec>> groups) {
        spec.mixins().forEach((name, mixin) -> {
            List<OptionSpec> options = new ArrayList<>(mixin.options());
            mixin.mixins().values().forEach(inner -> options.removeAll(inner.options()));
            if (!options.isEmpty() && !name.equals("mixinStandardHelpOptions")) {
                groups.computeIfAbsent(name, any -> new ArrayList<>()).addAll(options);
            }
            collect(mixin, groups);
        });
    }

    private static String render(Help help, String heading, List<OptionSpec> options) {
        Help.Layout layout = help.createDefaultLayout(options, List.of(), help.colorScheme());
        layout.addOptions(options, help.createDefaultParamLabelRenderer());
        return String.format("%n%s:%n%s", heading, layout);
    }

    /** All that may be typed for an option, with the {@code --no-} form of one that has it. */
    static List<String> names(OptionSpec option) {
        List<String> names = new ArrayList<>(Arrays.asList(option.names()));
        if (option.negatable()) {
            names.add("--no-" + option.longestName().substring(2));
        }
        return names;
    }
}
