package dev.ottava.cuda;

import static org.junit.platform.engine.discovery.ClassNameFilter.includeClassNamePatterns;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;
import static org.junit.platform.launcher.TagFilter.excludeTags;

import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * A process that runs the test classes, or the methods {@code Class#method(types)}, that are its arguments, or else the contract tests of all operations and the golden traces, on the devices of
 * {@code ottava.devices}, and says what failed.
 */
final class RunTests {
    private RunTests() {}

    public static void main(String[] args) {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(args.length == 0 ? contractsAndTraces() : classes(args))
                                .filters(
                                        includeClassNamePatterns(".*ContractTest|.*GoldenTracesTest"),
                                        excludeTags("long"))
                                .build(),
                        listener);
        var summary = listener.getSummary();
        summary.printFailuresTo(new PrintWriter(System.out), 8);
        System.out.println(summary.getTestsSucceededCount() + " passed, " + summary.getTotalFailureCount() + " failed");
        System.exit(0); // the reader of these lines decides
    }

    private static List<? extends DiscoverySelector> classes(String[] names) {
        return Stream.of(names)
                .map(name -> name.contains("#") ? selectMethod(name) : DiscoverySelectors.selectClass(name))
                .toList();
    }

    private static List<? extends DiscoverySelector> contractsAndTraces() {
        return List.of(
                selectPackage("dev.ottava.kernel"),
                selectMethod("dev.ottava.cli.GoldenTracesTest#traceOfTheKernels"
                        + "(java.lang.String,java.lang.String,java.lang.String)"));
    }
}
