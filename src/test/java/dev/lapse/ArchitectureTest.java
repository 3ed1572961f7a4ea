package dev.lapse;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The direction of dependencies, and what belongs where. */
class ArchitectureTest {

  private static final JavaClasses PRODUCT =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.lapse");

  @Test
  void expirationAndRelayMeetOnlyInTheOutbox() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("main")
        .definedBy("dev.lapse")
        .layer("operations")
        .definedBy("dev.lapse.operations..")
        .layer("expiration")
        .definedBy("dev.lapse.expiration..")
        .layer("relay")
        .definedBy("dev.lapse.relay..")
        .layer("replay")
        .definedBy("dev.lapse.replay..")
        .layer("audit")
        .definedBy("dev.lapse.audit..")
        .layer("status")
        .definedBy("dev.lapse.status..")
        .layer("doctor")
        .definedBy("dev.lapse.doctor..")
        .layer("kafka")
        .definedBy("dev.lapse.kafka..")
        .layer("outbox")
        .definedBy("dev.lapse.outbox..")
        .layer("loop")
        .definedBy("dev.lapse.loop..")
        .layer("retention")
        .definedBy("dev.lapse.retention..")
        .layer("pause")
        .definedBy("dev.lapse.pause..")
        .layer("approvals")
        .definedBy("dev.lapse.approvals..")
        .whereLayer("main")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("operations")
        .mayOnlyBeAccessedByLayers("main")
        .whereLayer("expiration")
        .mayOnlyBeAccessedByLayers("operations")
        .whereLayer("relay")
        .mayOnlyBeAccessedByLayers("operations")
        .whereLayer("replay")
        .mayOnlyBeAccessedByLayers("operations")
        .whereLayer("audit")
        .mayOnlyBeAccessedByLayers("operations")
        .whereLayer("status")
        .mayOnlyBeAccessedByLayers("operations")
        .whereLayer("doctor")
        .mayOnlyBeAccessedByLayers("operations")
        .whereLayer("kafka")
        .mayOnlyBeAccessedByLayers("relay", "replay", "audit", "status", "doctor", "operations")
        .whereLayer("outbox")
        .mayOnlyBeAccessedByLayers(
            "expiration", "relay", "replay", "retention", "audit", "status", "kafka", "operations")
        .whereLayer("loop")
        .mayOnlyBeAccessedByLayers(
            "expiration", "relay", "retention", "replay", "audit", "status", "doctor", "operations")
        .whereLayer("retention")
        .mayOnlyBeAccessedByLayers("operations")
        .whereLayer("approvals")
        .mayOnlyBeAccessedByLayers("expiration", "audit", "status", "operations")
        .whereLayer("pause")
        .mayOnlyBeAccessedByLayers("expiration", "relay", "operations")
        .check(PRODUCT);
  }

  @Test
  void packagesFormNoCycles() {
    slices().matching("dev.lapse.(*)..").should().beFreeOfCycles().check(PRODUCT);
  }

  @Test
  void kafkaIsKnownWhereItIsSpokenToOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "dev.lapse.relay..",
            "dev.lapse.kafka..",
            "dev.lapse.replay..",
            "dev.lapse.audit..",
            "dev.lapse.status..",
            "dev.lapse.doctor..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.kafka..")
        .check(PRODUCT);
  }

  @Test
  void theRelayHoldsNoSql() {
    noClasses()
        .that()
        .resideInAPackage("dev.lapse.relay..")
        .and()
        .haveSimpleNameNotEndingWith("Configuration")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.springframework.jdbc..", "javax.sql..", "org.postgresql..")
        .check(PRODUCT);
  }

  @Test
  void configurationStaysInItsPackage() {
    classes()
        .that()
        .haveSimpleNameEndingWith("Configuration")
        .should()
        .bePackagePrivate()
        .check(PRODUCT);
  }

  @Test
  void everyPackageSaysWhatItIsFor() throws IOException {
    Path root = Path.of("src/main/java/dev/lapse");
    try (Stream<Path> files = Files.walk(root)) {
      List<Path> without =
          files
              .filter(Files::isDirectory)
              .filter(directory -> !Files.exists(directory.resolve("package-info.java")))
              .toList();
      assertThat(without).isEmpty();
    }
  }
}
