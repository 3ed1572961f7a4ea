package dev.lapse;

import dev.lapse.operations.CommandLine;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The service, and the commands beside it. */
@SpringBootApplication
public class Lapse {

  public static void main(String[] args) {
    CommandLine.main(Lapse.class, args);
  }
}
