package dev.lapse.fault;

/** Which way bytes go through a {@link TcpProxy}. */
enum Direction {
  TO_SERVER,
  TO_CLIENT;

  Direction opposite() {
    return this == TO_SERVER ? TO_CLIENT : TO_SERVER;
  }
}
