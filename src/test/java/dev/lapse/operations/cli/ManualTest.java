package dev.lapse.operations.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.codegen.docgen.manpage.ManPageGenerator;

/** The manual in docs/operate/man is what the commands say of themselves. */
class ManualTest {

  @Test
  void isUpToDate() throws IOException {
    Path generated = Path.of("target", "man");
    picocli.CommandLine root = Commands.of(new CommandRunner(Object.class, List.of()));

    int exitCode =
        ManPageGenerator.generateManPage(
            generated.toFile(), null, new boolean[0], true, root.getCommandSpec());

    assertThat(exitCode).isZero();
    assertThat(pages(Path.of("docs", "operate", "man")))
        .as("bring it up to date with: cp target/man/*.adoc docs/operate/man")
        .isEqualTo(pages(generated));
  }

  private static Map<String, String> pages(Path directory) throws IOException {
    Map<String, String> pages = new TreeMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.filter(page -> page.toString().endsWith(".adoc")).toList()) {
        pages.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return pages;
  }
}
