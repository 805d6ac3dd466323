package dev.ottava;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/** Users of the kernels need Ottava, its natives and JavaCPP, and nothing else. */
@Tag("build")
class DependenciesTest {
    @TempDir
    Path cache;

    /** Optional dependencies, and those of tests, do not reach the users of a project. */
    @Test
    void theOnlyDependencyThatUsersInheritIsJavaCpp() throws Exception {
        List<String> inherited = new ArrayList<>();
        List<String> optional = new ArrayList<>();
        Document pom;
        try (InputStream file = Files.newInputStream(Path.of("pom.xml"))) {
            pom = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file);
        }
        XPath xpath = XPathFactory.newInstance().newXPath();
        NodeList dependencies = (NodeList) xpath.evaluate("//dependencies/dependency", pom, XPathConstants.NODESET);
        for (int i = 0; i < dependencies.getLength(); i++) {
            Object dependency = dependencies.item(i);
            String name = xpath.evaluate("concat(groupId, ':', artifactId)", dependency);
            if (xpath.evaluate("optional", dependency).equals("true")) {
                optional.add(name);
            } else if (!xpath.evaluate("scope", dependency).equals("test")) {
                inherited.add(name);
            }
        }
        assertEquals(List.of("org.bytedeco:javacpp"), inherited);
        for (String name : List.of(
                "info.picocli:picocli",
                "ai.djl.huggingface:tokenizers",
                "org.bytedeco:dnnl",
                "org.bytedeco:cuda",
                "org.slf4j:slf4j-nop")) {
            assertTrue(optional.contains(name), () -> name + " is not among the optional: " + optional);
        }
    }

    /** The poms that name a version of Ottava name this one. */
    @Test
    void theVersionIsTheSameEverywhere() throws Exception {
        String version = find("<artifactId>ottava</artifactId>\\s*<version>(.*?)</version>", "pom.xml");
        assertEquals(
                version,
                find("<artifactId>ottava-platform</artifactId>\\s*<version>(.*?)</version>", "platform/pom.xml"));
        assertEquals(version, find("<ottava.version>(.*?)</ottava.version>", "examples/consumer/pom.xml"));
        assertEquals(version, find("<version>(.*?)</version>", "docs/platforms.md"));
    }

    private static String find(String pattern, String file) throws Exception {
        Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(Path.of(file)));
        assertTrue(matcher.find(), () -> pattern + " is not in " + file);
        return matcher.group(1);
    }

    @Test
    void kernelsAndTrainingRunWithNothingElseOnTheClassPath() throws Exception {
        List<Path> classPath = Arrays.stream(
                        System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(path ->
                        Files.isDirectory(path) || path.getFileName().toString().matches("javacpp-[0-9.]+\\.jar"))
                .toList();
        long jars = classPath.stream().filter(Files::isRegularFile).count();
        assertEquals(1, jars, classPath::toString);
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Dorg.bytedeco.javacpp.cachedir=" + cache, // not what other processes have extracted
                        "-cp",
                        classPath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator)),
                        KernelOnly.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        List<String> lines = printed.lines().toList();
        assertEquals("matmul: Ottava", lines.get(0), printed); // oneDNN is not there
        assertEquals("product: [5.0, 11.0, 11.0, 25.0]", lines.get(1), printed);
        double first = loss(lines.get(2));
        double second = loss(lines.get(3));
        assertEquals(Math.log(8), first, 0.1, printed); // a fresh model knows nothing of its 8 ids
        assertTrue(second < first - 0.1, printed);
        assertEquals(4, lines.size(), printed);
    }

    private static double loss(String line) {
        assertTrue(line.startsWith("loss: "), line);
        return Double.parseDouble(line.substring("loss: ".length()));
    }
}
