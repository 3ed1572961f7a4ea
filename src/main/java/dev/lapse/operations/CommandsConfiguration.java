package dev.lapse.operations;

import dev.lapse.approvals.ApprovalsCheck;
import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.audit.Audit;
import dev.lapse.audit.AuditSettings;
import dev.lapse.audit.KafkaAudit;
import dev.lapse.doctor.Checkup;
import dev.lapse.doctor.DatabaseDoctor;
import dev.lapse.event.EventEncoder;
import dev.lapse.expiration.Trial;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.kafka.KafkaSettings;
import dev.lapse.operations.http.AuditEndpoint;
import dev.lapse.operations.http.StatusEndpoint;
import dev.lapse.platform.DatabaseProbe;
import dev.lapse.relay.RelaySettings;
import dev.lapse.replay.Replay;
import dev.lapse.replay.Replays;
import dev.lapse.schema.OwnSchema;
import dev.lapse.status.StatusReader;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What the commands and endpoints work with, whether or not this instance has a relay. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({AuditSettings.class, KafkaSettings.class, RelaySettings.class})
class CommandsConfiguration {

  /** Connections that Flyway opens beside the pool's, for as long as it migrates. */
  private static final int MIGRATING = 2;

  @Bean
  KafkaAccess kafkaAccess(KafkaSettings kafka) {
    return new KafkaAccess(kafka);
  }

  @Bean
  Checkup checkup(
      JdbcClient jdbc,
      DatabaseProbe probe,
      @Value("${spring.datasource.hikari.maximum-pool-size:6}") int pool,
      ApprovalsCheck approvals,
      ObjectProvider<Trial> trial) {
    return new Checkup(
        new DatabaseDoctor(jdbc, probe, pool + MIGRATING),
        approvals,
        new OwnSchema(jdbc),
        trial::getObject);
  }

  @Bean
  Audit audit(DataSource dataSource, ApprovalsTable table, AuditSettings settings) {
    return new Audit(dataSource, table, settings.overdue(), settings.statementTimeout());
  }

  @Bean
  AuditEndpoint auditEndpoint(Audit audit) {
    return new AuditEndpoint(audit);
  }

  @Bean
  StatusReader statusReader(
      JdbcClient jdbc, ApprovalsTable table, KafkaAccess kafka, RelaySettings relay) {
    return new StatusReader(jdbc, table, kafka, relay.name());
  }

  @Bean
  StatusEndpoint statusEndpoint(StatusReader reader) {
    return new StatusEndpoint(reader);
  }

  @Bean
  Replays replays(JdbcClient jdbc) {
    return new Replays(jdbc);
  }

  @Bean
  Replay replay(DataSource dataSource, Replays replays, KafkaAccess kafka, RelaySettings relay) {
    return new Replay(
        dataSource, replays, kafka, new EventEncoder(relay.source(), relay.topics()), relay.name());
  }

  @Bean
  KafkaAudit kafkaAudit(KafkaAccess kafka, JdbcClient jdbc, RelaySettings relay) {
    return new KafkaAudit(kafka, jdbc, relay.name(), relay.source(), relay.topics());
  }
}
