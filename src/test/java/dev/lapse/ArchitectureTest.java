package dev.lapse;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The direction of dependencies, and what belongs where. */
class ArchitectureTest {

  private static final JavaClasses PRODUCT =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.lapse");

  /** Who may use whom; what stands in no line here may be used by none. */
  private static final Map<String, Set<String>> ARROWS =
      Map.ofEntries(
          entry("approvals", Set.of("problem")),
          entry("audit", Set.of("approvals", "kafka", "outbox", "problem")),
          // It shows what the others do, so it reads the state of all that has one.
          entry(
              "console",
              Set.of(
                  "approvals",
                  "deadline",
                  "doctor",
                  "expiration",
                  "kafka",
                  "outbox",
                  "pause",
                  "problem",
                  "relay",
                  "replay",
                  "status")),
          entry("deadline", Set.of("approvals", "expiration", "loop", "pause", "problem")),
          entry("decision", Set.of("approvals", "loop")),
          entry(
              "doctor",
              Set.of(
                  "approvals",
                  "expiration",
                  "kafka",
                  "loop",
                  "outbox",
                  "pause",
                  "platform",
                  "problem",
                  "schema")),
          entry("event", Set.of("outbox")),
          entry("expiration", Set.of("approvals", "loop", "outbox", "pause", "problem")),
          entry("kafka", Set.of("problem")),
          entry("loop", Set.of("problem")),
          entry("outbox", Set.of()),
          entry("pause", Set.of()),
          entry("platform", Set.of("outbox", "problem")),
          entry("problem", Set.of()),
          entry("relay", Set.of("event", "kafka", "loop", "outbox", "pause", "problem")),
          entry("replay", Set.of("event", "kafka", "outbox", "problem")),
          entry("retention", Set.of("loop", "outbox", "problem")),
          entry("schema", Set.of("problem")),
          entry("status", Set.of("approvals", "kafka", "loop", "outbox", "problem")));

  @Test
  void packagesUseEachOtherAsTheTableSays() {
    Set<String> all = new TreeSet<>(ARROWS.keySet());
    List<String> forbidden = new ArrayList<>();
    for (JavaClass from : PRODUCT) {
      String user = room(from);
      if (user.equals("operations") || user.isEmpty()) {
        continue; // puts everything together
      }
      assertThat(all).as("the table names every package").contains(user);
      for (Dependency dependency : from.getDirectDependenciesFromSelf()) {
        String used = room(dependency.getTargetClass().getBaseComponentType());
        if (dependency
                .getTargetClass()
                .getBaseComponentType()
                .getPackageName()
                .startsWith("dev.lapse")
            && !used.equals(user)
            && !ARROWS.getOrDefault(user, Set.of()).contains(used)) {
          forbidden.add(dependency.getDescription());
        }
      }
    }
    assertThat(forbidden).isEmpty();
  }

  /** The first package below {@code dev.lapse}; empty for the main class. */
  private static String room(JavaClass of) {
    String name = of.getPackageName();
    return name.startsWith("dev.lapse.")
        ? name.substring("dev.lapse.".length()).replaceFirst("\\..*", "")
        : "";
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
            "dev.lapse.event..",
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
