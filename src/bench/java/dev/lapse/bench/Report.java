package dev.lapse.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * All that was found, as a table for people, {@code results.json} with every run, and plots.
 * Written anew after each benchmark, so that a run that is cut off leaves what it has.
 */
final class Report {

  static final Path DIRECTORY = Path.of("target", "bench");

  private static final Path KEPT = Path.of("docs", "benchmarks");

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private final Options options;
  private final Map<String, Object> machine = Machine.describe();
  private final Instant begin = Instant.now();
  private final List<Findings> all = new ArrayList<>();
  private final Map<String, Object> servers;

  /** In an empty directory: what another run left there is gone. */
  Report(Options options, Map<String, Object> servers) throws IOException {
    this.options = options;
    this.servers = servers;
    FileSystemUtils.deleteRecursively(DIRECTORY);
    Files.createDirectories(DIRECTORY);
  }

  void add(Findings findings) throws IOException {
    all.add(findings);
    Files.writeString(DIRECTORY.resolve("results.md"), table());
    Files.writeString(DIRECTORY.resolve("results.json"), JSON.writeValueAsString(content()));
    for (Plot plot : findings.plots()) {
      Drawing.write(plot, DIRECTORY.resolve(plot.file() + ".svg"));
    }
  }

  /** One line a figure: what it is, median, least and greatest of its runs, target. */
  String table() {
    return all.stream()
        .map(Report::table)
        .collect(
            Collectors.joining(
                "\n",
                "Rows %,d, %d repeats, %d s a phase.\n\n"
                    .formatted(options.rows(), options.repeats(), options.duration().toSeconds()),
                ""));
  }

  private static String table(Findings findings) {
    return Stream.of(
            Stream.of(
                "## " + findings.benchmark(),
                "",
                "| figure | median | least … greatest | unit | target | |",
                "|---|--:|--:|---|--:|---|"),
            findings.measures().stream().map(Report::row),
            findings.notes().stream().map(note -> "\n" + note))
        .flatMap(lines -> lines)
        .collect(Collectors.joining("\n", "", "\n"));
  }

  private static String row(Measure measure) {
    Target target = measure.target();
    return "| %s | %s | %s … %s | %s | %s | %s |"
        .formatted(
            measure.name(),
            Measure.text(measure.median()),
            Measure.text(measure.least()),
            Measure.text(measure.greatest()),
            measure.unit(),
            target == null ? "" : target,
            target == null ? "" : target.isMetBy(measure.median()) ? "met" : "**missed**");
  }

  private Map<String, Object> content() {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("begin", begin.toString());
    content.put("end", Instant.now().toString());
    content.put("machine", machine);
    content.put("options", options.described());
    content.put("servers", servers);
    content.put("benchmarks", all.stream().map(Report::content).toList());
    return content;
  }

  private static Map<String, Object> content(Findings findings) {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("name", findings.benchmark());
    content.put("figures", findings.measures().stream().map(Report::content).toList());
    content.put("plots", findings.plots());
    content.put("notes", findings.notes());
    return content;
  }

  private static Map<String, Object> content(Measure measure) {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("name", measure.name());
    content.put("unit", measure.unit());
    content.put("median", measure.median());
    content.put("runs", measure.runs());
    Target target = measure.target();
    if (target != null) {
      content.put("target", target.toString());
      content.put("met", target.isMetBy(measure.median()));
    }
    return content;
  }

  /** Copies what was written to where such runs are kept, if the run has a name. */
  void keep() throws IOException {
    if (options.name() == null) {
      return;
    }
    Path directory = KEPT.resolve(LocalDate.now(ZoneOffset.UTC) + "-" + options.name());
    Files.createDirectories(directory);
    try (Stream<Path> files = Files.list(DIRECTORY)) {
      for (Path file : files.filter(Report::isKept).toList()) {
        Files.copy(
            file, directory.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    System.out.println("Kept in " + directory);
  }

  /** Not recordings: they are large, and tell of paths. */
  private static boolean isKept(Path file) {
    return Stream.of(".json", ".md", ".svg").anyMatch(file.toString()::endsWith);
  }
}
