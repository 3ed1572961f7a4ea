package dev.lapse.relay;

import dev.lapse.kafka.KafkaAccess;
import dev.lapse.kafka.KafkaAtStart;
import dev.lapse.kafka.KafkaSettings;
import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.outbox.Feeds;
import dev.lapse.outbox.OutboxIdentities;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Restamp;
import dev.lapse.pause.Pauses;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({KafkaSettings.class, RelaySettings.class})
@ConditionalOnBooleanProperty(name = "lapse.relay.enabled", matchIfMissing = true)
class RelayConfiguration {

  @Bean
  KafkaAtStart kafkaAtStart(KafkaSettings kafka) {
    KafkaAtStart atStart = new KafkaAtStart(new KafkaAccess(kafka));
    atStart.checkSettings();
    return atStart;
  }

  @Bean
  Relay relay(
      KafkaAtStart kafkaAtStart,
      KafkaSettings kafka,
      RelaySettings relay,
      DataSource dataSource,
      JdbcClient jdbc,
      List<RelayListener> listeners) {
    RelayListener all = RelayListener.all(listeners);
    KafkaClients clients = new KafkaClients(kafka, relay);
    Topics topics = new Topics(kafka, relay);
    TakeOver takeOver =
        new TakeOver(
            clients,
            relay,
            topics,
            new OutboxReader(dataSource, relay.pageRecords(), relay.pageSize().toBytes()),
            new Checkpoints(jdbc),
            DeadLetters.brisk(dataSource, Parking.TABLE_PATIENCE),
            new Restamp(jdbc),
            new OutboxIdentities(jdbc),
            all);
    return new Relay(
        new RelayStep(
            clients,
            relay,
            topics,
            takeOver,
            new Pauses(jdbc),
            new Feeds(jdbc),
            kafkaAtStart,
            all));
  }
}
