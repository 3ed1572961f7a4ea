package dev.lapse.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The service or a command as a process of its own, as the image runs it. */
public final class LapseProcess implements AutoCloseable {

  /** For a machine that is busy with other things. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final ChildProcess process;
  private final Path output;
  private final Http http;

  private LapseProcess(ChildProcess process, Path output, int port) {
    this.process = process;
    this.output = output;
    this.http = new Http(port);
  }

  /** Against the shared servers; {@code environment} overrides what is set for that. */
  public static LapseProcess start(
      TestDatabase database, Map<String, String> environment, String... args) {
    return against(database).with(environment).start(args);
  }

  /** Against the shared servers. */
  public static Launch against(TestDatabase database) {
    return against(
        database.url(),
        database.serviceUser(),
        database.servicePassword(),
        Servers.kafka().bootstrapServers());
  }

  /** Against the given servers. */
  public static Launch against(
      String jdbcUrl, String user, String password, String bootstrapServers) {
    return new Launch()
        .with(
            Map.of(
                "SPRING_DATASOURCE_URL", jdbcUrl,
                "SPRING_DATASOURCE_USERNAME", user,
                "SPRING_DATASOURCE_PASSWORD", password,
                "LAPSE_KAFKA_BOOTSTRAP_SERVERS", bootstrapServers));
  }

  /** Against the given servers; with one file for each further setting, as secrets are mounted. */
  public static Launch configuredBy(Path directory, String bootstrapServers, String jdbcUrl) {
    return new Launch()
        .with(
            Map.of(
                "SPRING_CONFIG_IMPORT", "configtree:" + directory + "/",
                "SPRING_DATASOURCE_URL", jdbcUrl,
                "LAPSE_KAFKA_BOOTSTRAP_SERVERS", bootstrapServers));
  }

  /** What to start. It can be started more than once, each time as a process of its own. */
  public static final class Launch {

    private final Map<String, String> environment = new HashMap<>();

    /** Without the second compiler: it pays only for a process that stays. */
    private final List<String> jvmOptions =
        new ArrayList<>(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"));

    private boolean packaged;
    private Path directory = Path.of("");

    private Launch() {}

    /** In a working directory of its own. */
    public Launch in(Path workingDirectory) {
      directory = workingDirectory;
      return this;
    }

    /** From the one jar instead, as it is built. */
    public Launch packaged() {
      packaged = true;
      return this;
    }

    /** Sets further environment variables, or others for those that are set. */
    public Launch with(Map<String, String> more) {
      environment.putAll(more);
      return this;
    }

    /** Adds options of the JVM, which prevail over those it has. */
    public Launch jvm(String... options) {
      jvmOptions.addAll(List.of(options));
      return this;
    }

    /**
     * Sets its wall clock wrong by {@code offset}, and leaves its timers alone.
     *
     * @throws IllegalStateException where that {@linkplain FakeClock#isAvailable() cannot be done}
     */
    public Launch clockOffBy(Duration offset) {
      return with(FakeClock.offBy(offset));
    }

    public LapseProcess start(String... args) {
      List<String> arguments = new ArrayList<>(jvmOptions);
      arguments.add("-Djava.io.tmpdir=" + Temporary.DIRECTORY);
      arguments.addAll(packaged ? List.of("-jar", jar().toString()) : ExtractedJar.start());
      arguments.addAll(List.of(args));
      int port = Ports.free();
      Map<String, String> all = new HashMap<>();
      all.put("SERVER_PORT", Integer.toString(port));
      all.put("SERVER_ADDRESS", "127.0.0.1");
      all.putAll(environment);
      Path output = Leftovers.file("lapse-", ".log");
      return new LapseProcess(ChildProcess.java(arguments, all, output, directory), output, port);
    }
  }

  /** Of all of them: one that is killed leaves its web server's directory. */
  private static final class Temporary {
    static final Path DIRECTORY = Leftovers.directory("lapse-process");
  }

  /** Makes what all need, so that the first to start takes no longer than the others. */
  public static void prepare() {
    var unused = ExtractedJar.start();
  }

  /** The one jar, as it is built. */
  static Path jar() {
    return Path.of(System.getProperty("lapse.test.jar")).toAbsolutePath();
  }

  /** Whether {@link Launch#clockOffBy} works on this machine. */
  public static boolean canFakeTheClock() {
    return FakeClock.isAvailable();
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Waits for its end and returns the exit code. */
  public int exitCode() throws InterruptedException {
    return process.exitCode(PATIENCE);
  }

  /** Everything printed so far. */
  public String output() {
    return process.output();
  }

  /** Asks it to stop, as Ctrl-C and every supervisor do. */
  public void terminate() {
    process.terminate();
  }

  /** SIGKILL. Returns when it is gone. */
  public void kill() {
    process.kill();
  }

  /** SIGSTOP: it keeps its connections and does nothing. */
  public void pause() {
    process.pause();
  }

  /** SIGCONT: it goes on as if nothing had been. */
  public void resume() {
    process.resume();
  }

  public HttpResponse<String> get(String path, String... headers) {
    return http.get(path, headers);
  }

  /** POST of a JSON object. */
  public HttpResponse<String> post(String path, String json, String... headers) {
    return http.post(path, json, headers);
  }

  public HttpResponse<String> delete(String path, String... headers) {
    return http.delete(path, headers);
  }

  @Override
  public void close() {
    process.close();
    try {
      Files.deleteIfExists(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
