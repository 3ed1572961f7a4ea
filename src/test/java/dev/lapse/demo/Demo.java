package dev.lapse.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lapse.Lapse;
import dev.lapse.problem.Reasons;
import dev.lapse.relay.Relay;
import dev.lapse.support.KafkaServer;
import dev.lapse.support.PostgresServer;
import dev.lapse.support.TestDatabase;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Runs the demonstration: embedded servers, the service as it is, everybody around it, the tally.
 *
 * <p>Exits with 0 if the tally agrees and 1 if it does not or if something does not start.
 */
public final class Demo {

  /** Of the console, on loopback and for minutes: whoever runs the demo is to try all of it. */
  private static final String PASSWORD = "lapse-demonstration";

  /** For what is due to be expired, published and received; normally milliseconds. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final Duration PATIENCE_WHEN_STOPPED = Duration.ofSeconds(3);

  /** What is due after the demonstration was stopped is nobody's any more. */
  private static final String CANCEL_THE_REST =
      """
      UPDATE ai_approvals SET status = 'cancelled', version = version + 1, decided_by = 'the end'
      WHERE status = 'pending' AND expires_at > clock_timestamp()
      """;

  private final Options options;
  private final PrintStream out = System.out;
  private final Screen screen = new Screen(out);
  private final CountDownLatch stop = new CountDownLatch(1);
  private boolean serversRun;

  private Demo(Options options) {
    this.options = options;
  }

  public static void main(String[] args) {
    LoggerFactory.getILoggerFactory(); // before threads: two at once make SLF4J print a warning
    int exitCode = 1;
    try {
      exitCode = new Demo(Options.of(args)).run() ? 0 : 1;
    } catch (Exception e) {
      System.err.println("The demonstration failed: " + Reasons.of(e));
    }
    System.exit(exitCode);
  }

  /** Whether the tally agrees, as far as it came to one. */
  private boolean run() throws Exception {
    Signals.on(stop::countDown);
    explain();
    boolean agrees = true;
    try {
      agrees = runOnServers();
    } catch (RuntimeException e) {
      // A terminal's Ctrl-C reaches the programs that set PostgreSQL up as well.
      if (serversRun || !isStopped()) {
        throw e;
      }
    }
    screen.say("Stopped; the servers' data is removed.");
    return agrees;
  }

  private boolean runOnServers() throws Exception {
    System.setOut(new PrintStream(OutputStream.nullOutputStream(), true, UTF_8));
    CompletableFuture<KafkaServer> startingKafka =
        CompletableFuture.supplyAsync(KafkaServer::embedded);
    try (PostgresServer postgres = PostgresServer.embedded();
        KafkaServer kafka = startingKafka.join();
        TestDatabase database = TestDatabase.empty(postgres)) {
      serversRun = true;
      System.setOut(out); // Kafka tells there how it formats its disk
      screen.say("PostgreSQL and Kafka run. %s", durability(database));
      if (isStopped()) {
        return true;
      }
      try (ConfigurableApplicationContext service = start(database, postgres, kafka)) {
        return isStopped() || run(service, database, kafka);
      }
    }
  }

  private void explain() {
    screen.say("");
    screen.say("LAPSE, a demonstration: approvals fall due for %s.", length());
    screen.say("");
    screen.say(
        "Agents ask for approvals that fall due all the time, some of them many at once. Nobody");
    screen.say(
        "decides about half of them: these must expire, and a consumer must receive one event each.");
    screen.say(
        "The others are approved, cancelled or extended within milliseconds of the deadline, before");
    screen.say(
        "or after it, some by SQL that checks nothing: what was decided in time must never expire.");
    screen.say("Each approval has a reminder a second before its deadline.");
    screen.say("In the end a tally compares PostgreSQL, Kafka and what the approvers were told.");
    screen.say("");
    screen.say("Starting PostgreSQL (durable) and Kafka (KRaft), embedded; a few seconds.");
  }

  private String length() {
    long seconds = options.length().toSeconds();
    return seconds % 60 == 0 ? seconds / 60 + " min" : seconds + " s";
  }

  /** Asked of the server, so that nobody has to believe the figures below. */
  private static String durability(TestDatabase database) {
    List<String> settings = new ArrayList<>();
    for (String name : List.of("fsync", "synchronous_commit")) {
      String value = database.jdbc().sql("SHOW " + name).query(String.class).single();
      if (!value.equals("on")) {
        throw new IllegalStateException("PostgreSQL runs with " + name + " " + value);
      }
      settings.add(name + "=" + value);
    }
    return "SHOW says " + String.join(" ", settings) + ".";
  }

  private ConfigurableApplicationContext start(
      TestDatabase database, PostgresServer postgres, KafkaServer kafka) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "--spring.datasource.url=" + database.url(),
                "--spring.datasource.username=" + postgres.user(),
                "--spring.datasource.password=" + postgres.password(),
                "--lapse.kafka.bootstrap-servers=" + kafka.bootstrapServers(),
                "--server.address=localhost",
                "--lapse.management.password=" + PASSWORD,
                // What is off by default: a reminder, a record of each move, and decide_approval.
                "--lapse.ladder=1s:remind",
                "--lapse.deadlines.moves=true",
                "--lapse.decisions.enabled=true",
                "--logging.config=classpath:dev/lapse/demo/logback.xml",
                // The lines below say what these say, once a second.
                "--logging.level.dev.lapse.Lapse=warn",
                "--logging.level.dev.lapse.deadline=warn",
                "--logging.level.dev.lapse.expiration=warn"));
    args.addAll(options.service());
    return SpringApplication.from(Lapse::main)
        .run(args.toArray(String[]::new))
        .getApplicationContext();
  }

  private boolean run(
      ConfigurableApplicationContext service, TestDatabase database, KafkaServer kafka)
      throws Exception {
    String url = "http://localhost:" + service.getEnvironment().getProperty("local.server.port");
    awaitLeading(service.getBean(Relay.class));
    screen.say("Lapse runs. The console: %s/ (name lapse, password %s)", url, PASSWORD);
    screen.say("More: %s/actuator/health  %s/actuator/prometheus", url, url);
    Tally tally = play(database, kafka);
    screen.tally(tally);
    if (!options.exit() && !isStopped()) {
      screen.say("Lapse goes on serving until Ctrl-C:");
      screen.say("  console     %s/ (name lapse, password %s)", url, PASSWORD);
      screen.say("  health      %s/actuator/health", url);
      screen.say("  metrics     %s/actuator/prometheus", url);
      screen.say("  PostgreSQL  %s (user postgres, password postgres)", database.url());
      screen.say("  Kafka       %s (topic %s)", kafka.bootstrapServers(), Downstream.TOPIC);
      stop.await();
    }
    return tally.agrees();
  }

  /** A first start creates topics and waits a second for Kafka to say who leads. */
  private void awaitLeading(Relay relay) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!relay.status().leading() && System.nanoTime() - deadline < 0) {
      if (stop.await(50, TimeUnit.MILLISECONDS)) {
        return;
      }
    }
  }

  private Tally play(TestDatabase database, KafkaServer kafka) throws InterruptedException {
    Downstream downstream = new Downstream(kafka.bootstrapServers());
    Approvers approvers = new Approvers(database.jdbc());
    Seeder seeder = new Seeder(database.jdbc(), options.length(), approvers::asked);
    downstream.start();
    seeder.start();
    watch(database, seeder, approvers, downstream);
    seeder.end();
    if (isStopped()) {
      approvers.end();
      int cancelled = database.jdbc().sql(CANCEL_THE_REST).update();
      screen.say("Stopping: %d approvals not yet due are cancelled.", cancelled);
    }
    awaitTheLast(database, approvers, downstream);
    approvers.end();
    downstream.end();
    return new Tally(
        Ledger.read(database.jdbc()),
        downstream.receipts(),
        downstream.notices(),
        approvers.decisions());
  }

  /** A line a second until nobody asks any more, and one event in full. */
  private void watch(
      TestDatabase database, Seeder seeder, Approvers approvers, Downstream downstream)
      throws InterruptedException {
    boolean exampleShown = false;
    while (!seeder.isDone() && !isStoppedAtNextSecond()) {
      if (!exampleShown && !downstream.receipts().isEmpty()) {
        screen.example(downstream.receipts().get(0));
        exampleShown = true;
      }
      show(database, approvers, downstream);
    }
  }

  /** Waits for the clock's next full second. */
  private boolean isStoppedAtNextSecond() throws InterruptedException {
    return stop.await(1000 - System.currentTimeMillis() % 1000, TimeUnit.MILLISECONDS);
  }

  private void show(TestDatabase database, Approvers approvers, Downstream downstream) {
    int expired =
        Math.toIntExact(
            database.count("SELECT count(*) FROM ai_approvals WHERE status = 'expired'"));
    screen.second(expired, approvers.decisions(), downstream.receipts(), downstream.notices());
  }

  private void awaitTheLast(TestDatabase database, Approvers approvers, Downstream downstream)
      throws InterruptedException {
    Duration patience = isStopped() ? PATIENCE_WHEN_STOPPED : PATIENCE;
    long deadline = System.nanoTime() + patience.toNanos();
    while (!isSettled(database, downstream) && System.nanoTime() - deadline < 0) {
      if (isStopped()) {
        TimeUnit.MILLISECONDS.sleep(100);
      } else {
        var unused = isStoppedAtNextSecond();
        show(database, approvers, downstream);
      }
    }
  }

  private static boolean isSettled(TestDatabase database, Downstream downstream) {
    return database.count("SELECT count(*) FROM ai_approvals WHERE status = 'pending'") == 0
        && database.count("SELECT count(*) FROM outbox")
            <= downstream.receipts().size() + downstream.notices().size();
  }

  private boolean isStopped() {
    return stop.getCount() == 0;
  }
}
