package dev.lapse.operations.startup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.ConfigTreePropertySource;
import org.springframework.boot.env.ConfigTreePropertySource.Option;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

class SecretFilesTest {

  private static final String JAAS = "lapse.kafka.properties.sasl.jaas.config";

  @TempDir private Path directory;

  @Test
  void findsTheFileThatGivesASettingItsValueAndReadsItAgain() throws IOException {
    write("spring.datasource.password", "first\n");
    Path file = SecretFiles.file(environment(Map.of()), "spring.datasource.password").orElseThrow();
    assertThat(SecretFiles.read(file)).isEqualTo("first");

    write("spring.datasource.password", "second\n");

    assertThat(SecretFiles.read(file)).isEqualTo("second");
  }

  @Test
  void findsNoneForWhatIsSaidElsewhere() throws IOException {
    write("spring.datasource.password", "of the file");
    Environment environment = environment(Map.of("spring.datasource.password", "given"));

    assertThat(SecretFiles.file(environment, "spring.datasource.password")).isEmpty();
    assertThat(SecretFiles.file(environment, "spring.datasource.username")).isEmpty();
  }

  @Test
  void looksIntoTheFilesOfKafkasPropertiesEachTime() throws IOException {
    write(JAAS, "first");
    Map<String, String> properties =
        SecretFiles.properties(
            environment(Map.of()),
            "lapse.kafka.properties",
            Map.of("sasl.jaas.config", "first", "security.protocol", "SASL_SSL"));
    assertThat(properties).containsEntry("sasl.jaas.config", "first");

    write(JAAS, "second");

    assertThat(properties)
        .containsEntry("sasl.jaas.config", "second")
        .containsEntry("security.protocol", "SASL_SSL");
  }

  /** As Boot makes it of {@code spring.config.import=configtree:}, below what is said elsewhere. */
  private ConfigurableEnvironment environment(Map<String, Object> elsewhere) {
    ConfigurableEnvironment environment = new StandardEnvironment();
    environment.getPropertySources().addFirst(new MapPropertySource("elsewhere", elsewhere));
    environment
        .getPropertySources()
        .addLast(
            new ConfigTreePropertySource("files", directory, Option.AUTO_TRIM_TRAILING_NEW_LINE));
    ConfigurationPropertySources.attach(environment);
    return environment;
  }

  private void write(String setting, String value) throws IOException {
    Files.writeString(directory.resolve(setting), value);
  }
}
