package dev.lapse.operations;

import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The packaged jar as a process of its own, as its users run it. */
final class LapseProcess implements AutoCloseable {

  /** For a machine that is busy with other things. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Process process;
  private final Path output;
  private final int port;

  private LapseProcess(Process process, Path output, int port) {
    this.process = process;
    this.output = output;
    this.port = port;
  }

  /** Against the given servers; further environment variables override what is set for that. */
  static LapseProcess start(
      TestDatabase database, Map<String, String> environment, String... args) {
    try {
      int port = freePort();
      List<String> command =
          new ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx256m",
                  "-jar",
                  System.getProperty("lapse.test.jar")));
      command.addAll(List.of(args));
      Path output = Files.createTempFile("lapse-", ".log");
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
      Map<String, String> env = builder.environment();
      env.put("SPRING_DATASOURCE_URL", database.url());
      env.put("SPRING_DATASOURCE_USERNAME", Servers.postgres().user());
      env.put("SPRING_DATASOURCE_PASSWORD", Servers.postgres().password());
      env.put("LAPSE_KAFKA_BOOTSTRAP_SERVERS", Servers.kafka().bootstrapServers());
      env.put("SERVER_PORT", Integer.toString(port));
      env.put("SERVER_ADDRESS", "127.0.0.1");
      env.putAll(environment);
      return new LapseProcess(builder.start(), output, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Waits for its end and returns the exit code. */
  int exitCode() throws InterruptedException {
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("still running after " + PATIENCE + ":\n" + output());
    }
    return process.exitValue();
  }

  /** Everything printed so far. */
  String output() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Asks it to stop, as Ctrl-C and every supervisor do. */
  void terminate() {
    process.destroy();
  }

  HttpResponse<String> get(String path) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(20))
            .build();
    try {
      return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly().onExit().join();
    Files.deleteIfExists(output);
  }
}
