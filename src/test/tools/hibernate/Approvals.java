import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Instant;
import org.hibernate.cfg.Configuration;

/** Starts an application with Hibernate, whose argument is hibernate.hbm2ddl.auto, and ends it. */
public class Approvals {

  public static void main(String[] args) {
    new Configuration()
        .addAnnotatedClass(AiApproval.class)
        .setProperty("hibernate.connection.url", System.getenv("JDBC_URL"))
        .setProperty("hibernate.hbm2ddl.auto", args[0])
        .setProperty("hibernate.hbm2ddl.halt_on_error", "true")
        .buildSessionFactory()
        .close();
  }

  @Entity
  @Table(name = "ai_approvals")
  public static class AiApproval {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    @Column(nullable = false)
    String status;

    @Version int version;

    @Column(name = "expires_at", nullable = false)
    Instant expiresAt;

    @Column(name = "executed_at")
    Instant executedAt;
  }
}
