package dev.lapse;

import dev.lapse.operations.cli.Commands;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The service, and the commands beside it. */
@SpringBootApplication
public class Lapse {

  public static void main(String[] args) {
    Commands.main(Lapse.class, args);
  }
}
