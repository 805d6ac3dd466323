package dev.ottava.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ottava.bench.Case.Work;
import dev.ottava.bench.Result.Peer;
import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Results as JSON, one object a line. The fields are explained in {@code benchmarks/README.md}. */
public final class ResultFile {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final MathContext DIGITS = new MathContext(7);

    /** Of all peers but the first. */
    private static final String OTHERS = "other_peers";

    private ResultFile() {}

    /** The line of a result. */
    public static String line(Result result) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("suite", result.suite());
        line.put("name", result.name());
        line.put("shape", result.shape());
        line.put("dtype", result.dtype());
        put(line, "seconds", result.seconds());
        put(line, "spread", result.samples().spread());
        put(line, "uncertainty", result.samples().uncertainty());
        line.put("runs", result.samples().runs());
        Work work = result.work();
        if (work.tokens() > 0) {
            line.put("tokens", work.tokens());
            put(line, "tokens_per_second", result.tokensPerSecond());
        }
        put(line, "bytes", work.bytes());
        put(line, "operations", work.operations());
        put(line, "bytes_per_second", work.bytes() / result.seconds());
        put(line, "operations_per_second", work.operations() / result.seconds());
        put(line, "ceiling_bytes_per_second", result.ceilings().bytesPerSecond());
        put(line, "ceiling_operations_per_second", result.ceilings().operationsPerSecond(result.dtype()));
        if (!Double.isNaN(result.limitSeconds())) {
            put(line, "limit_seconds", result.limitSeconds());
            put(line, "fraction_of_limit", result.fractionOfLimit());
            line.put("limited_by", result.limitedByArithmetic() ? "arithmetic" : "memory");
        }
        List<Peer> peers = result.peers();
        if (!peers.isEmpty()) {
            peer(line, "peer_", result, peers.get(0));
        }
        if (result.peakBytes() > 0) {
            line.put("peak_bytes", result.peakBytes());
        }
        result.details().forEach((field, value) -> detail(line, field, value));
        line.putAll(result.environment());
        line.put("samples", rounded(result.samples()));
        if (!peers.isEmpty()) {
            line.put("peer_samples", rounded(peers.get(0).samples()));
        }
        if (peers.size() > 1) {
            line.put(
                    OTHERS,
                    peers.stream().skip(1).map(each -> other(result, each)).toList());
        }
        try {
            return MAPPER.writeValueAsString(line);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** What the line says of a peer, its raw times apart. */
    private static void peer(Map<String, Object> line, String prefix, Result result, Peer peer) {
        line.put("peer", peer.name());
        put(line, prefix + "seconds", peer.samples().median());
        put(line, prefix + "spread", peer.samples().spread());
        put(line, "ratio_to_peer", result.ratioTo(peer));
        put(line, "percent_of_peer", 100 / result.ratioTo(peer));
        if (peer.peakBytes() > 0) {
            line.put(prefix + "peak_bytes", peer.peakBytes());
            put(line, "memory_ratio_to_peer", (double) peer.peakBytes() / result.peakBytes());
        }
        peer.details().forEach((field, value) -> detail(line, prefix + field, value));
    }

    private static Map<String, Object> other(Result result, Peer peer) {
        Map<String, Object> object = new LinkedHashMap<>();
        peer(object, "", result, peer);
        object.put("samples", rounded(peer.samples()));
        return object;
    }

    private static void detail(Map<String, Object> line, String field, Object value) {
        if (value instanceof Double number) {
            put(line, field, number);
        } else {
            line.put(field, value);
        }
    }

    /** The results of a file. A line without raw times, as versions before 2026-12 wrote them, is refused. */
    public static List<Result> read(Path file) {
        List<Result> results = new ArrayList<>();
        List<JsonNode> lines = lines(file);
        for (int i = 0; i < lines.size(); i++) {
            JsonNode line = lines.get(i);
            if (!line.has("samples") || !line.has("name")) {
                throw new InvalidArgumentException(file + ", line " + (i + 1)
                        + ": has no raw times (name, samples): measure again with `ottava bench`");
            }
            results.add(result(line));
        }
        return results;
    }

    /** The objects of a file, whatever they hold. */
    public static List<JsonNode> lines(Path file) {
        List<JsonNode> lines = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                lines.add(MAPPER.readTree(line));
            }
        } catch (JsonProcessingException e) {
            throw new InvalidArgumentException(file + ", line " + (lines.size() + 1) + ": not JSON");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lines;
    }

    private static Result result(JsonNode line) {
        String dtype = line.path("dtype").asText();
        double peak = line.path("ceiling_operations_per_second").asDouble();
        List<Peer> peers = new ArrayList<>();
        if (line.has("peer_samples")) {
            peers.add(peer(line, "peer_"));
        }
        line.path(OTHERS).forEach(other -> peers.add(peer(other, "")));
        Map<String, Object> environment = new LinkedHashMap<>();
        line.properties().forEach(field -> {
            if (Environment.FIELDS.contains(field.getKey())) {
                environment.put(field.getKey(), MAPPER.convertValue(field.getValue(), Object.class));
            }
        });
        return new Result(
                line.path("suite").asText(),
                line.path("name").asText(),
                line.path("shape").asText(),
                dtype,
                new Work(
                        line.path("bytes").asDouble(),
                        line.path("operations").asDouble(),
                        line.path("tokens").asLong()),
                samples(line.path("samples")),
                peers,
                line.path("peak_bytes").asLong(),
                details(line, ""),
                new Ceilings(
                        line.path("ceiling_bytes_per_second").asDouble(), peak > 0 ? Map.of(dtype, peak) : Map.of()),
                environment);
    }

    private static Peer peer(JsonNode line, String prefix) {
        return new Peer(
                line.path("peer").asText(),
                samples(line.path(prefix + "samples")),
                line.path(prefix + "peak_bytes").asLong(),
                details(line, prefix));
    }

    private static Map<String, Object> details(JsonNode line, String prefix) {
        Map<String, Object> details = new LinkedHashMap<>();
        line.properties().forEach(field -> {
            String name = field.getKey();
            if (name.startsWith(prefix) && Result.DETAILS.contains(name.substring(prefix.length()))) {
                details.put(name.substring(prefix.length()), MAPPER.convertValue(field.getValue(), Object.class));
            }
        });
        return details;
    }

    private static Samples samples(JsonNode turns) {
        List<double[]> samples = new ArrayList<>();
        turns.forEach(turn -> samples.add(MAPPER.convertValue(turn, double[].class)));
        return new Samples(samples);
    }

    /** Numbers that a reader can take in; JSON knows no infinity. */
    private static void put(Map<String, Object> line, String field, double value) {
        if (Double.isFinite(value)) {
            line.put(field, new BigDecimal(value, DIGITS).stripTrailingZeros());
        }
    }

    private static List<List<BigDecimal>> rounded(Samples samples) {
        List<List<BigDecimal>> turns = new ArrayList<>();
        for (double[] turn : samples.turns()) {
            List<BigDecimal> seconds = new ArrayList<>();
            for (double each : turn) {
                seconds.add(new BigDecimal(each, DIGITS));
            }
            turns.add(seconds);
        }
        return turns;
    }
}
