import static java.nio.charset.StandardCharsets.UTF_8;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;

public final class PlainConsumer {

  public static void main(String[] args) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty(
        "bootstrap.servers", System.getenv().getOrDefault("KAFKA_BROKERS", "localhost:9092"));
    properties.setProperty("group.id", "reminders-java");
    properties.setProperty("isolation.level", "read_committed");
    properties.setProperty("auto.offset.reset", "earliest");
    properties.setProperty("enable.auto.commit", "false");
    StringDeserializer text = new StringDeserializer();
    try (Connection database = DriverManager.getConnection(System.getenv("JDBC_URL"));
        KafkaConsumer<String, String> consumer = new KafkaConsumer<>(properties, text, text)) {
      database.setAutoCommit(false);
      consumer.subscribe(List.of(System.getenv().getOrDefault("TOPIC", "approvals.expired")));
      while (true) {
        for (ConsumerRecord<String, String> event : consumer.poll(Duration.ofSeconds(1))) {
          if (header(event, "ce_type").equals("ApprovalExpired")) {
            handle(event, database);
          }
        }
        consumer.commitSync();
      }
    }
  }

  private static void handle(ConsumerRecord<String, String> event, Connection database)
      throws SQLException {
    try (PreparedStatement see =
            database.prepareStatement(
                "INSERT INTO event_seen (source, id) VALUES (?, ?) ON CONFLICT DO NOTHING");
        PreparedStatement work = // yours, in the same transaction
            database.prepareStatement(
                "INSERT INTO reminder (approval_id, expired_at) VALUES (?, ?::timestamptz)")) {
      see.setString(1, header(event, "ce_source"));
      see.setString(2, header(event, "ce_id"));
      if (see.executeUpdate() == 1) {
        work.setString(1, event.key());
        work.setString(2, header(event, "ce_time"));
        work.executeUpdate();
      }
    }
    database.commit();
  }

  private static String header(ConsumerRecord<String, String> event, String name) {
    Header header = event.headers().lastHeader(name);
    return header == null ? "" : new String(header.value(), UTF_8);
  }
}
