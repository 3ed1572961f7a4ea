package dev.lapse.fault;

/**
 * Something that breaks, and what mends it.
 *
 * @param name as the report calls it
 * @param load whether clients go on meanwhile
 * @param injection breaks it, holds it for a while, mends it, and fails if it did not break
 *     anything; says by {@link World#mended()} from when on the service may recover, which is
 *     otherwise when it returns
 */
record Fault(String name, Load load, Injection injection) {

  enum Load {
    /** Clients write and decide meanwhile. */
    UNDER_LOAD,

    /**
     * Clients rest, and everything is received before: the fault takes back what was acknowledged,
     * which the service cannot bring back.
     */
    QUIET
  }

  @FunctionalInterface
  interface Injection {
    void into(World world) throws Exception;
  }

  static Fault underLoad(String name, Injection injection) {
    return new Fault(name, Load.UNDER_LOAD, injection);
  }

  static Fault quiet(String name, Injection injection) {
    return new Fault(name, Load.QUIET, injection);
  }

  @Override
  public String toString() {
    return name;
  }
}
