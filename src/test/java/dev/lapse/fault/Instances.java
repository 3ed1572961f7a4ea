package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.LapseProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The instances of the service, and their supervisor, who starts anew whatever has died. */
final class Instances implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Instances.class);

  /** Of SIGKILL and SIGTERM, which only faults send. */
  private static final Set<Integer> KILLED = Set.of(137, 143);

  /** What is printed once the start is done. */
  private static final String STARTED = "Started Lapse in";

  private static final int END_OF_OUTPUT = 4000;

  private final Supplier<LapseProcess.Launch> launch;
  private final String[] arguments;
  private final List<LapseProcess> instances = new CopyOnWriteArrayList<>();
  private final Queue<String> endedByThemselves = new ConcurrentLinkedQueue<>();
  private final ScheduledExecutorService supervisor = Executors.newSingleThreadScheduledExecutor();

  Instances(Supplier<LapseProcess.Launch> launch, String... arguments) {
    this.launch = launch;
    this.arguments = arguments;
  }

  void start(int count) {
    for (int n = 0; n < count; n++) {
      instances.add(launch.get().start(arguments));
    }
    Future<?> unused =
        supervisor.scheduleWithFixedDelay(this::supervise, 100, 100, TimeUnit.MILLISECONDS);
  }

  List<LapseProcess> all() {
    return List.copyOf(instances);
  }

  /** Which one publishes; waits until one does. */
  LapseProcess leader() {
    await().atMost(World.PATIENCE).ignoreExceptions().until(() -> leading() != null);
    return Objects.requireNonNull(leading());
  }

  private @Nullable LapseProcess leading() {
    return instances.stream().filter(Instances::leads).findFirst().orElse(null);
  }

  static boolean leads(LapseProcess instance) {
    try {
      return instance.isAlive()
          && instance.get("/actuator/health").body().contains("\"leading\":true");
    } catch (UncheckedIOException e) {
      return false; // not yet up, or no more
    }
  }

  /** Waits until one leads that is not {@code former}. */
  LapseProcess awaitAnotherLeader(LapseProcess former) {
    AtomicReference<LapseProcess> another = new AtomicReference<>(former);
    await()
        .atMost(World.PATIENCE)
        .until(
            () -> {
              instances.stream().filter(i -> i != former && leads(i)).forEach(another::set);
              return another.get() != former;
            });
    return another.get();
  }

  /** Waits until the leader is healthy. */
  void awaitHealthyLeader() {
    await()
        .atMost(World.PATIENCE)
        .ignoreExceptions()
        .until(() -> isHealthy(Objects.requireNonNull(leading())));
  }

  /** Waits until somebody could take over. */
  void awaitStandby() {
    await()
        .atMost(World.PATIENCE)
        .ignoreExceptions()
        .until(() -> instances.stream().filter(Instances::isHealthy).count() > 1);
  }

  /** Waits until every instance is up and healthy. */
  void awaitHealth() {
    await()
        .atMost(World.PATIENCE)
        .ignoreExceptions()
        .until(() -> instances.stream().allMatch(Instances::isHealthy));
  }

  static boolean isHealthy(LapseProcess instance) {
    try {
      return instance.isAlive() && instance.get("/actuator/health").statusCode() == 200;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  /** Of those that ended since this was asked last. */
  void assertNoneEndedByItself() {
    List<String> ended = new ArrayList<>();
    for (String one = endedByThemselves.poll(); one != null; one = endedByThemselves.poll()) {
      ended.add(one);
    }
    assertThat(ended).as("instances that no fault killed").isEmpty();
  }

  private void supervise() {
    try {
      restartTheDead();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.error("The supervisor failed", e);
    }
  }

  /** Again and again: one that starts in the middle of a fault may well die at once. */
  private synchronized void restartTheDead() throws InterruptedException {
    for (LapseProcess instance : instances) {
      if (!instance.isAlive()) {
        replace(instance, launch.get().start(arguments));
      }
    }
  }

  /** Starts one in place of {@code instance}, on a clock that is wrong. */
  LapseProcess replaceByOneWithClockOffBy(LapseProcess instance, Duration offset)
      throws InterruptedException {
    LapseProcess wrong = launch.get().clockOffBy(offset).start(arguments);
    replace(instance, wrong);
    return wrong;
  }

  private synchronized void replace(LapseProcess instance, LapseProcess by)
      throws InterruptedException {
    instances.set(instances.indexOf(instance), by);
    if (!instance.isAlive()) {
      noteIfItEndedByItself(instance);
    }
    end(instance);
  }

  /** One whose start fails may: it refuses to start while a server is away. */
  private void noteIfItEndedByItself(LapseProcess dead) throws InterruptedException {
    String output = dead.output();
    int exitCode = dead.exitCode();
    if (!KILLED.contains(exitCode) && output.contains(STARTED)) {
      String end = output.substring(Math.max(0, output.length() - END_OF_OUTPUT));
      endedByThemselves.add(
          "instance %d ended by itself, exit code %d, after:%n%s"
              .formatted(dead.pid(), exitCode, end));
      log.error("An instance ended by itself pid={} exitCode={}", dead.pid(), exitCode);
    }
  }

  /** Keeps its log, for whoever wants to know what it did and why. */
  private static void end(LapseProcess instance) {
    try {
      Path logs = Files.createDirectories(Path.of("target", "faults", "logs"));
      Files.writeString(logs.resolve("instance-" + instance.pid() + ".log"), instance.output());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      instance.close();
    }
  }

  @Override
  public void close() {
    supervisor.shutdownNow();
    closeAll();
  }

  private synchronized void closeAll() {
    instances.forEach(Instances::end);
  }
}
