package dev.ottava.bench;

import dev.ottava.core.InvalidArgumentException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Driver, clocks, power and temperature of a GPU, from {@code nvidia-smi}, as it is just after a measurement. */
final class GpuState {
    private static final List<String> QUERY =
            List.of("driver_version", "clocks.sm", "clocks.mem", "power.draw", "power.limit", "temperature.gpu");

    /** The names of the figures in a result's line, in the order of the query. */
    static final List<String> FIELDS = List.of(
            "gpu_driver",
            "sm_clock_mhz",
            "memory_clock_mhz",
            "power_watts",
            "power_limit_watts",
            "temperature_celsius");

    private GpuState() {}

    /** Of the device {@code cuda} or {@code cuda:N}; a single field that says so where nvidia-smi does not answer. */
    static Map<String, Object> read(String device) {
        int ordinal = device.contains(":") ? Integer.parseInt(device.substring(device.indexOf(':') + 1)) : 0;
        String visible = System.getenv("CUDA_VISIBLE_DEVICES");
        String[] ids = visible == null || visible.isBlank() ? new String[0] : visible.split(",");
        String id = ordinal < ids.length ? ids[ordinal].strip() : String.valueOf(ordinal);
        return Environment.run(
                        "nvidia-smi",
                        "--query-gpu=" + String.join(",", QUERY),
                        "--format=csv,noheader,nounits",
                        "--id=" + id)
                .map(GpuState::parse)
                .orElse(Map.of(FIELDS.get(0), "unknown: nvidia-smi does not answer"));
    }

    /** A line of nvidia-smi's answer. A figure that the GPU does not tell, "[N/A]", is left out. */
    static Map<String, Object> parse(String line) {
        String[] values = line.split(",", -1);
        if (values.length != FIELDS.size()) {
            throw new InvalidArgumentException("nvidia-smi answered '" + line + "', not " + QUERY);
        }
        Map<String, Object> state = new LinkedHashMap<>();
        for (int i = 0; i < values.length; i++) {
            String value = values[i].strip();
            if (i == 0) {
                state.put(FIELDS.get(i), value);
            } else if (value.matches("[0-9.]+")) {
                state.put(FIELDS.get(i), Double.valueOf(value));
            }
        }
        return state;
    }
}
