package dev.ottava.cli;

import java.util.Map;

/** The pieces of a page. */
final class Html {
    private Html() {}

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    static String section(String title, String body) {
        return "<section>\n<h2>" + escape(title) + "</h2>\n" + body + "\n</section>\n";
    }

    /** Two columns: names and values. */
    static String table(Map<String, String> rows) {
        StringBuilder table = new StringBuilder("<table>\n");
        rows.forEach((name, value) -> table.append("<tr><th scope=\"row\">")
                .append(escape(name))
                .append("</th><td>")
                .append(escape(value))
                .append("</td></tr>\n"));
        return table.append("</table>").toString();
    }

    /** Large numbers with a small name below. */
    static String tiles(Map<String, String> numbers) {
        StringBuilder tiles = new StringBuilder("<div class=\"tiles\">\n");
        numbers.forEach((name, value) -> tiles.append("<div><b>")
                .append(escape(value))
                .append("</b><span>")
                .append(escape(name))
                .append("</span></div>\n"));
        return tiles.append("</div>\n").toString();
    }

    static String page(String title, String body) {
        return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
                + escape(title) + "</title>\n<style>\n" + STYLE + "</style>\n</head>\n<body>\n" + body
                + "</body>\n</html>\n";
    }

    private static final String STYLE = """
        :root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1c2330; --soft: #667085; --line: #e3e7ee;
          --raw: #9dbdf0; --main: #1f5fd0; --eval: #d9480f; --c0: #1f5fd0; --c1: #d9480f; --c2: #2b8a3e; --c3: #9c36b5; --c4: #c29a00; --c5: #868e96; }
        @media (prefers-color-scheme: dark) { :root { --page: #12151b; --card: #1b2029; --text: #e6e9ef; --soft: #98a2b3; --line: #2d3440;
          --raw: #35568f; --main: #7aa7ff; --eval: #ff9a5c; --c0: #7aa7ff; --c1: #ff9a5c; --c2: #69db7c; --c3: #da77f2; --c4: #ffd43b; --c5: #adb5bd; } }
        body { margin: 0 auto; max-width: 1080px; padding: 28px 20px 48px; background: var(--page); color: var(--text);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
        h1 { margin: 0; font-size: 26px; } h2 { margin: 0 0 10px; font-size: 16px; } header p { margin: 2px 0 18px; color: var(--soft); }
        section { margin: 14px 0; padding: 16px 18px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 12px; }
        .tiles div { padding: 12px 16px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
        .tiles b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; } .tiles span { color: var(--soft); font-size: 13px; }
        .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 14px; } .pair section { margin: 0; }
        svg { display: block; width: 100%; height: auto; } .wide { overflow-x: auto; } .wide svg { min-width: 600px; } svg text { fill: var(--soft); font-size: 12px; }
        path { fill: none; stroke-width: 1.8; stroke-linejoin: round; } path.raw { stroke: var(--raw); stroke-width: 1; } path.main { stroke: var(--main); }
        circle.eval { fill: var(--eval); stroke: var(--card); } .grid { stroke: var(--line); } .axis { stroke: var(--soft); }
        .key { margin: 0 0 6px; color: var(--soft); font-size: 13px; } .key i, td i { display: inline-block; width: 11px; height: 11px; margin: 0 6px 0 14px; border-radius: 3px; }
        .key i:first-child, td i { margin-left: 0; }
        .bar { display: flex; height: 26px; margin-bottom: 12px; border-radius: 6px; overflow: hidden; }
        table { width: 100%; border-collapse: collapse; font-size: 14px; } th, td { padding: 4px 8px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
        thead th { color: var(--soft); font-weight: 500; } tbody th, th[scope=row] { font-weight: 500; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
        .options table { display: block; columns: 2; column-gap: 36px; } .options tbody { display: contents; } .options tr { display: flex; break-inside: avoid; border-bottom: 1px solid var(--line); }
        .options th, .options td { flex: 1; border: 0; overflow-wrap: anywhere; } @media (max-width: 640px) { .options table { columns: 1; } }
        """;
}
