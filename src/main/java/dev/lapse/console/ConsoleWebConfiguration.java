package dev.lapse.console;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.deadline.Extension;
import dev.lapse.doctor.Checkups;
import dev.lapse.expiration.Expiration;
import dev.lapse.expiration.ExpirationSettings;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.pause.Pauses;
import dev.lapse.relay.Relay;
import dev.lapse.relay.RelaySettings;
import dev.lapse.replay.Replay;
import dev.lapse.replay.Replays;
import dev.lapse.status.StatusReader;
import dev.lapse.status.Watch;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.IndicatedHealthDescriptor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.dao.DataAccessException;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.support.CronExpression;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The console's addresses. Who may ask for what is in ManagementConfiguration. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnBooleanProperty(name = "lapse.console.enabled", matchIfMissing = true)
@EnableConfigurationProperties(ConsoleSettings.class)
class ConsoleWebConfiguration {

  /** Seconds after which a statement is given up. */
  private static final int PATIENCE = 5;

  /** Beyond what is usual. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** The workers, as health calls them; the other indicators would ask a server or say nothing. */
  private static final List<String> WORKERS =
      List.of("expiration", "relay", "retention", "watch", "checkup", "loops", "diskSpace", "ssl");

  private static final List<String> PARTS = List.of("expiration", "relay", "retention", "watch");

  @Bean(initMethod = "start", destroyMethod = "close")
  Sampler sampler(
      DataSource dataSource,
      ApprovalsTable table,
      KafkaAccess kafka,
      RelaySettings settings,
      ExpirationSettings expiring,
      ConsoleSettings console,
      HealthEndpoint health,
      ObjectProvider<Expiration> expiration,
      ObjectProvider<Relay> relay,
      ObjectProvider<Watch> watch,
      ObjectProvider<Checkups> checkups,
      Environment environment) {
    JdbcClient limited = limited(dataSource);
    String version = Sampler.class.getPackage().getImplementationVersion();
    return new Sampler(
        new Sources(
            new StatusReader(limited, table, kafka, settings.name()),
            new LatestEvents(limited),
            new DeadLetters(limited),
            new Pauses(limited),
            new Replays(limited),
            () -> health(health),
            () -> Optional.ofNullable(relay.getIfAvailable()).map(Relay::status),
            () -> Optional.ofNullable(watch.getIfAvailable()).flatMap(Watch::reading),
            () ->
                Optional.ofNullable(checkups.getIfAvailable())
                    .map(Checkups::failing)
                    .orElse(List.of()),
            () ->
                Optional.ofNullable(expiration.getIfAvailable())
                    .map(Expiration::refused)
                    .orElse(List.of()),
            () -> Optional.ofNullable(watch.getIfAvailable()).flatMap(Watch::longTransaction),
            late(expiring),
            PARTS.stream()
                .filter(
                    part ->
                        !environment.getProperty("lapse." + part + ".enabled", Boolean.class, true))
                .toList(),
            settings.name(),
            version == null ? "unpackaged" : version,
            "process " + ProcessHandle.current().pid(),
            !environment.getProperty("lapse.management.password", "").isEmpty()),
        console.pace());
  }

  private static JdbcClient limited(DataSource dataSource) {
    JdbcTemplate template = new JdbcTemplate(dataSource);
    template.setQueryTimeout(PATIENCE);
    return JdbcClient.create(template);
  }

  private static Map<String, Facts.Worker> health(HealthEndpoint health) {
    Map<String, Facts.Worker> found = new LinkedHashMap<>();
    for (String worker : WORKERS) {
      HealthDescriptor one = health.healthForPath(worker);
      if (one != null) {
        Map<String, Object> details =
            one instanceof IndicatedHealthDescriptor indicated ? indicated.getDetails() : null;
        found.put(
            worker,
            new Facts.Worker(one.getStatus().getCode(), details == null ? Map.of() : details));
      }
    }
    return found;
  }

  /** By a cron expression, an approval waits for the next time; else for the longest pause. */
  private static Duration late(ExpirationSettings settings) {
    Duration usual = settings.maxPause();
    if (settings.cron() != null) {
      CronExpression cron = CronExpression.parse(settings.cron());
      ZonedDateTime next = cron.next(ZonedDateTime.now(ZoneId.systemDefault()));
      ZonedDateTime then = next == null ? null : cron.next(next);
      usual = next == null || then == null ? Duration.ofDays(1) : Duration.between(next, then);
    }
    return usual.plus(GRACE);
  }

  @Bean
  Actions consoleActions(
      DataSource dataSource,
      ApprovalsTable table,
      KafkaAccess kafka,
      RelaySettings settings,
      Replay replay,
      Extension extension) {
    JdbcClient limited = limited(dataSource);
    return new Actions(
        new StatusReader(limited, table, kafka, settings.name()),
        new Pauses(limited),
        new DeadLetters(limited),
        replay,
        new Moves(extension),
        System::nanoTime);
  }

  @Bean
  RouterFunction<ServerResponse> consoleRoutes(
      Sampler sampler,
      Life life,
      Actions actions,
      DataSource dataSource,
      ApprovalsTable table,
      ExpirationSettings settings) {
    Assets assets = new Assets();
    Deadlines deadlines = new Deadlines(limited(dataSource), table);
    Kept<Deadlines.Coming> coming = new Kept<>(Duration.ofSeconds(30), deadlines::read);
    RawValues raw = new RawValues(limited(dataSource), table);
    Long limit = settings.stormGuard().enabled() ? (Long) settings.stormGuard().maxDue() : null;
    return RouterFunctions.route()
        .GET("/", request -> page(assets))
        .GET("/approval", request -> page(assets))
        .GET("/console/frame", request -> frame(request, sampler))
        .GET("/console/due", request -> due(request, coming, limit))
        .GET("/console/life", request -> life(request, life))
        .GET("/console/row", request -> json().body(row(request, raw)))
        .GET("/console/record", request -> json().body(record(request, raw)))
        .POST("/console/preview", request -> preview(request, actions))
        .POST("/console/act", request -> act(request, actions))
        .GET("/console/{hash}/{name}", request -> asset(request, assets))
        .onError(
            Actions.RefusedException.class,
            (failure, request) ->
                ServerResponse.status(((Actions.RefusedException) failure).code())
                    .contentType(MediaType.APPLICATION_JSON)
                    .cacheControl(CacheControl.noStore())
                    .body(Map.of("error", String.valueOf(failure.getMessage()))))
        .onError(
            DataAccessException.class,
            (failure, request) ->
                ServerResponse.status(503)
                    .contentType(MediaType.APPLICATION_JSON)
                    .cacheControl(CacheControl.noStore())
                    .body(Map.of("error", "PostgreSQL does not answer.")))
        .build();
  }

  private static ServerResponse due(
      ServerRequest request, Kept<Deadlines.Coming> coming, @Nullable Long limit) {
    return json().body(Deadlines.shown(coming.get(), limit, request.principal().isPresent()));
  }

  private static ServerResponse preview(ServerRequest request, Actions actions) throws Exception {
    JsonNode body = body(request);
    return json()
        .body(
            actions.preview(
                text(body, "action"),
                text(body, "target"),
                text(body, "within"),
                text(body, "by")));
  }

  private static ServerResponse act(ServerRequest request, Actions actions) throws Exception {
    JsonNode body = body(request);
    JsonNode typed = body.get("typed");
    return json()
        .body(
            Map.of(
                "done",
                actions.act(
                    text(body, "token"),
                    typed == null || !typed.isIntegralNumber() ? null : (Long) typed.asLong(),
                    text(body, "name"),
                    text(body, "reason"))));
  }

  private static JsonNode body(ServerRequest request) throws Exception {
    try {
      return JSON.readTree(request.body(String.class));
    } catch (JacksonException e) {
      throw new Actions.RefusedException(400, "Send one JSON object.");
    }
  }

  private static String text(JsonNode body, String name) {
    JsonNode value = body.get(name);
    return value == null || !value.isString() ? "" : value.stringValue();
  }

  private static ServerResponse page(Assets assets) {
    return ServerResponse.ok()
        .contentType(MediaType.parseMediaType("text/html;charset=utf-8"))
        .cacheControl(CacheControl.noCache())
        .body(assets.page());
  }

  private static ServerResponse asset(ServerRequest request, Assets assets) {
    String name = request.pathVariable("name");
    return assets
        .file(request.pathVariable("hash"), name)
        .map(
            file ->
                ServerResponse.ok()
                    .contentType(MediaType.parseMediaType(Assets.type(name)))
                    .cacheControl(
                        CacheControl.maxAge(Duration.ofDays(365)).cachePublic().immutable())
                    .body(file))
        .orElseGet(() -> ServerResponse.notFound().build());
  }

  private static ServerResponse frame(ServerRequest request, Sampler sampler) {
    long since =
        request.param("since").filter(s -> s.matches("\\d{1,15}")).map(Long::parseLong).orElse(0L);
    return sampler
        .frame(since, request.principal().isPresent())
        .map(
            bytes ->
                json().header("Lapse-Now", Long.toString(System.currentTimeMillis())).body(bytes))
        .orElseGet(() -> ServerResponse.status(503).cacheControl(CacheControl.noStore()).build());
  }

  private static ServerResponse life(ServerRequest request, Life life) throws InterruptedException {
    return json().body(life.explain(request.param("id").orElse("")));
  }

  private static Map<String, Object> row(ServerRequest request, RawValues raw) {
    return RawValues.shown(raw.row(request.param("id").orElse("")));
  }

  private static Map<String, Object> record(ServerRequest request, RawValues raw) {
    return RawValues.shown(raw.record(Actions.id(request.param("id").orElse(""))));
  }

  private static ServerResponse.BodyBuilder json() {
    return ServerResponse.ok()
        .contentType(MediaType.APPLICATION_JSON)
        .cacheControl(CacheControl.noStore());
  }
}
