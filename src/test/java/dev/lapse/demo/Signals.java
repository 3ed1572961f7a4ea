package dev.lapse.demo;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/**
 * Ctrl-C (SIGINT) and SIGTERM. Left to the JVM they run all shutdown hooks at once, and the
 * embedded servers' own would take the servers away under the service and the tally.
 */
final class Signals {

  private Signals() {}

  /**
   * Runs {@code reaction} on every one of them.
   *
   * <p>By reflection: the JDK supports the class (module {@code jdk.unsupported}), but has the
   * compiler warn of it in a way that nothing silences.
   */
  static void on(Runnable reaction) throws ReflectiveOperationException {
    Class<?> signal = Class.forName("sun.misc.Signal");
    Class<?> handler = Class.forName("sun.misc.SignalHandler");
    Method handle = signal.getMethod("handle", signal, handler);
    InvocationHandler react =
        (proxy, method, args) -> {
          reaction.run();
          return null;
        };
    Object reacting =
        Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {handler}, react);
    for (String name : new String[] {"INT", "TERM"}) {
      handle.invoke(null, signal.getConstructor(String.class).newInstance(name), reacting);
    }
  }
}
