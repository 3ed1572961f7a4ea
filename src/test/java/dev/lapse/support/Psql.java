package dev.lapse.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** psql, where the machine has one. */
public final class Psql {

  private Psql() {}

  /**
   * Runs it as the superuser, without anybody's ~/.psqlrc, and returns all that it printed. Where
   * there is none, the test is skipped.
   */
  public static String run(TestDatabase database, String... options)
      throws IOException, InterruptedException {
    URI server = URI.create(database.url().substring("jdbc:".length()));
    List<String> command =
        new ArrayList<>(
            List.of(
                "psql",
                "--no-psqlrc",
                "--host=" + server.getHost(),
                "--port=" + server.getPort(),
                "--username=" + Servers.postgres().user(),
                "--dbname=" + server.getPath().substring(1)));
    command.addAll(List.of(options));
    Path output = Leftovers.file("psql-", ".log");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
      builder.environment().put("PGPASSWORD", Servers.postgres().password());
      start(builder).waitFor();
      return Files.readString(output, StandardCharsets.UTF_8);
    } finally {
      Files.delete(output);
    }
  }

  private static Process start(ProcessBuilder builder) throws IOException {
    try {
      return builder.start();
    } catch (IOException e) {
      assumeTrue(false, "there is no psql here");
      throw e;
    }
  }
}
