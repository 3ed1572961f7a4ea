package dev.lapse.console;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.relay.Relay;
import dev.lapse.relay.RelaySettings;
import dev.lapse.status.StatusReader;
import java.time.Duration;
import java.util.Optional;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;

/** The console's addresses. Who may ask for what is in ManagementConfiguration. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnBooleanProperty(name = "lapse.console.enabled", matchIfMissing = true)
@EnableConfigurationProperties(ConsoleSettings.class)
class ConsoleWebConfiguration {

  /** Seconds after which a statement is given up. */
  private static final int PATIENCE = 5;

  @Bean(initMethod = "start", destroyMethod = "close")
  Sampler sampler(
      DataSource dataSource,
      ApprovalsTable table,
      KafkaAccess kafka,
      RelaySettings settings,
      HealthEndpoint health,
      ObjectProvider<Relay> relay) {
    JdbcTemplate template = new JdbcTemplate(dataSource);
    template.setQueryTimeout(PATIENCE);
    JdbcClient limited = JdbcClient.create(template);
    String version = Sampler.class.getPackage().getImplementationVersion();
    return new Sampler(
        new StatusReader(limited, table, kafka, settings.name()),
        limited,
        health::health,
        () -> Optional.ofNullable(relay.getIfAvailable()),
        settings.name(),
        version == null ? "unpackaged" : version);
  }

  @Bean
  RouterFunction<ServerResponse> consoleRoutes(Sampler sampler, Life life) {
    Assets assets = new Assets();
    return RouterFunctions.route()
        .GET("/", request -> page(assets))
        .GET("/approval", request -> page(assets))
        .GET("/console/frame", request -> frame(request, sampler))
        .GET("/console/life", request -> life(request, life))
        .GET("/console/{hash}/{name}", request -> asset(request, assets))
        .build();
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

  private static ServerResponse.BodyBuilder json() {
    return ServerResponse.ok()
        .contentType(MediaType.APPLICATION_JSON)
        .cacheControl(CacheControl.noStore());
  }
}
