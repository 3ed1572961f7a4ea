package dev.lapse.operations.startup;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.env.ConfigTreePropertySource;
import org.springframework.boot.origin.PropertySourceOrigin;
import org.springframework.boot.origin.TextResourceOrigin;
import org.springframework.core.env.Environment;

/**
 * Reads settings again that come from files of a {@code configtree:} directory. Passwords change
 * while the service runs, and a new connection needs the present one. Safe for several threads.
 */
final class SecretFiles {

  private SecretFiles() {}

  /** The file that gives {@code setting} its value, if a file does. */
  static Optional<Path> file(Environment environment, String setting) {
    FileOfValue found = new FileOfValue();
    Binder.get(environment)
        .bind(ConfigurationPropertyName.of(setting), Bindable.of(String.class), found);
    return Optional.ofNullable(found.file);
  }

  /**
   * What {@code file} says now.
   *
   * @throws UncheckedIOException if it cannot be read
   */
  static String read(Path file) {
    try {
      String text = Files.readString(file);
      return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text; // as at startup
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the file of a setting: " + file, e);
    }
  }

  /**
   * The properties below {@code prefix}, of which those from files are read again at each look at
   * the map.
   */
  static Map<String, String> properties(
      Environment environment, String prefix, Map<String, String> properties) {
    Map<String, Path> files = new HashMap<>();
    for (String name : properties.keySet()) {
      file(environment, prefix + "." + name).ifPresent(file -> files.put(name, file));
    }
    return files.isEmpty() ? properties : new Reread(Map.copyOf(properties), Map.copyOf(files));
  }

  private static final class Reread extends AbstractMap<String, String> {

    private final Map<String, String> atStart;
    private final Map<String, Path> files;

    Reread(Map<String, String> atStart, Map<String, Path> files) {
      this.atStart = atStart;
      this.files = files;
    }

    @Override
    public Set<Entry<String, String>> entrySet() {
      Map<String, String> now = new HashMap<>(atStart);
      files.forEach((name, file) -> now.put(name, read(file)));
      return now.entrySet();
    }
  }

  private static final class FileOfValue implements BindHandler {

    private @Nullable Path file;

    @Override
    public Object onSuccess(
        ConfigurationPropertyName name, Bindable<?> target, BindContext context, Object result) {
      ConfigurationProperty property = context.getConfigurationProperty();
      if (property != null
          && property.getOrigin() instanceof PropertySourceOrigin origin
          && origin.getPropertySource() instanceof ConfigTreePropertySource
          && origin.getOrigin() instanceof TextResourceOrigin text
          && text.getResource() != null
          && text.getResource().isFile()) {
        try {
          file = text.getResource().getFile().toPath();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      return result;
    }
  }
}
