package dev.lapse.operations.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** docs/operate/commands.md is what the commands say of themselves. */
class ManualTest {

  private static final Path PAGE = Path.of("docs/operate/commands.md");
  private static final String GENERATED = "<!-- generated from here on -->\n";

  @Test
  void isUpToDate() throws IOException {
    String page = Files.readString(PAGE);
    StringBuilder expected =
        new StringBuilder(page.substring(0, page.indexOf(GENERATED)) + GENERATED);
    append(Commands.of(new CommandRunner(Object.class, List.of())), expected);
    Path generated = Path.of("target", "commands.md");
    Files.createDirectories(generated.getParent());
    Files.writeString(generated, expected);

    assertThat(page)
        .as("bring it up to date with: cp %s %s", generated, PAGE)
        .isEqualTo(expected.toString());
  }

  private static void append(CommandLine command, StringBuilder page) {
    page.append("\n## ").append(command.getCommandSpec().qualifiedName()).append("\n\n```text\n");
    command
        .getUsageMessage(Ansi.OFF)
        .lines()
        .forEach(line -> page.append(line.stripTrailing()).append('\n'));
    page.append("```\n");
    command.getSubcommands().values().forEach(subcommand -> append(subcommand, page));
  }
}
