package dev.lapse.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the demonstration as a process of its own, as {@code ./mvnw spring-boot:test-run} does. */
class DemoIT {

  @TempDir private Path directory;

  @Test
  void comesToATallyThatAgreesAndExitsWithZero() throws Exception {
    try (Running demo = start("--demo.minutes=0.1", "--demo.exit=true")) {
      String said = demo.rest();

      assertThat(said).contains("It AGREES", "fsync=on synchronous_commit=on");
      assertThat(count(said, "expired in PostgreSQL"))
          .isPositive()
          .isEqualTo(count(said, "outbox rows of type ApprovalExpired"))
          .isEqualTo(count(said, "distinct events received, read_committed"));
      assertThat(count(said, "reminders recorded"))
          .isPositive()
          .isEqualTo(count(said, "reminders received"));
      assertThat(count(said, "moves confirmed to approvers"))
          .isEqualTo(count(said, "moves received"));
      assertThat(count(said, "approvers told by how much they were late"))
          .isEqualTo(count(said, "records of it"));
      // Not of the demo: logging is set up while the embedded broker logs already.
      assertThat(said.lines().filter(line -> !line.contains("|-WARN in Logger[org.apache.kafka")))
          .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
      assertThat(demo.exitCode()).isZero();
    }
  }

  @Test
  void stopsInOrderWithATallyWhenToldTo() throws Exception {
    try (Running demo = start("--demo.minutes=10")) {
      demo.awaitLine("The first event");

      demo.terminate();
      String said = demo.rest();

      assertThat(said).contains("THE TALLY", "It AGREES").doesNotContain("Exception", "\tat ");
      assertThat(demo.exitCode()).isZero();
      assertThat(dataDirectories()).isEmpty();
    }
  }

  private Running start(String... args) throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-XX:TieredStopAtLevel=1",
            "-Djava.io.tmpdir=" + directory,
            "-cp",
            System.getProperty("java.class.path"),
            Demo.class.getName(),
            "--server.port=0");
    Process process =
        new ProcessBuilder(Stream.concat(command.stream(), Stream.of(args)).toList())
            .redirectErrorStream(true)
            .start();
    return new Running(process, process.inputReader(UTF_8));
  }

  private static int count(String said, String what) {
    Matcher matcher = Pattern.compile(Pattern.quote(what) + " +(\\d+)").matcher(said);
    assertThat(matcher.find()).as(what).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  /** PostgreSQL's programs stay, unpacked for the next time; its data and Kafka's must not. */
  private List<Path> dataDirectories() throws IOException {
    try (Stream<Path> files = Files.walk(directory, 3)) {
      return files
          .filter(
              file ->
                  file.getFileName().toString().equals("PG_VERSION")
                      || file.getFileName().toString().startsWith("kafka-"))
          .toList();
    }
  }

  private record Running(Process process, BufferedReader output) implements AutoCloseable {

    void awaitLine(String start) throws IOException {
      String line = output.readLine();
      while (line != null && !line.startsWith(start)) {
        line = output.readLine();
      }
      assertThat(line).as("a line that starts with \"%s\"", start).isNotNull();
    }

    /** What it says until it ends. */
    String rest() {
      String said = String.join("\n", output.lines().toList());
      System.out.println(said);
      return said;
    }

    /** SIGTERM, by the handle: Process.destroy() would close the output as well. */
    void terminate() {
      assertThat(process.toHandle().destroy()).isTrue();
    }

    int exitCode() throws Exception {
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      return process.exitValue();
    }

    /** Asks first: killed, it would leave its servers behind. */
    @Override
    public void close() throws IOException {
      process.destroy();
      process.onExit().orTimeout(20, TimeUnit.SECONDS).exceptionally(late -> process).join();
      process.destroyForcibly();
      output.close();
    }
  }
}
