package dev.lapse.operations.http;

import dev.lapse.replay.Replay;
import dev.lapse.replay.Replays;
import jakarta.servlet.DispatcherType;
import java.util.List;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.http.HttpMethod;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.AuthorizeHttpRequestsConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.www.BasicAuthenticationFilter;
import org.springframework.security.web.header.writers.CrossOriginOpenerPolicyHeaderWriter;
import org.springframework.security.web.header.writers.CrossOriginResourcePolicyHeaderWriter;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter;

/**
 * Who may do what over HTTP: anybody may look at what names nobody, and only who knows the
 * management password may see more or do something. Without one nobody may, and there is no
 * endpoint that could.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@EnableConfigurationProperties(ManagementSettings.class)
class ManagementConfiguration {

  /** Nothing but the page's own files runs, and no other site may show or read it. */
  private static final String CONTENT_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " form-action 'none'; base-uri 'none'; frame-ancestors 'none';"
          + " require-trusted-types-for 'script'";

  /** What names approvals, or shows what is in them. */
  private static final List<String> INSIDE =
      List.of("/console/life", "/console/row", "/console/record");

  /** Whatever method is not one of looking, on whatever path; and what the console keeps inside. */
  @Bean
  SecurityFilterChain onlyLooking(
      HttpSecurity http, ManagementSettings settings, Environment environment) {
    boolean closed =
        "password".equalsIgnoreCase(environment.getProperty("lapse.console.look", "anybody"));
    WrongPasswords wrongPasswords = new WrongPasswords(System::nanoTime);
    return http.csrf(AbstractHttpConfigurer::disable) // see RequestRules
        .addFilterBefore(new RequestRules(wrongPasswords), BasicAuthenticationFilter.class)
        .exceptionHandling(failures -> failures.authenticationEntryPoint(wrongPasswords))
        .headers(
            headers ->
                headers
                    .contentSecurityPolicy(policy -> policy.policyDirectives(CONTENT_POLICY))
                    .referrerPolicy(
                        policy ->
                            policy.policy(ReferrerPolicyHeaderWriter.ReferrerPolicy.NO_REFERRER))
                    .crossOriginOpenerPolicy(
                        policy ->
                            policy.policy(
                                CrossOriginOpenerPolicyHeaderWriter.CrossOriginOpenerPolicy
                                    .SAME_ORIGIN))
                    .crossOriginResourcePolicy(
                        policy ->
                            policy.policy(
                                CrossOriginResourcePolicyHeaderWriter.CrossOriginResourcePolicy
                                    .SAME_ORIGIN)))
        .sessionManagement(
            sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .requestCache(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .authorizeHttpRequests(
            requests -> {
              // Also where a container's error page is made of a refusal.
              requests.dispatcherTypeMatchers(DispatcherType.ERROR).permitAll();
              for (String path : INSIDE) {
                inside(requests, settings, path);
              }
              if (closed) {
                inside(requests, settings, "/console/frame");
                inside(requests, settings, "/console/due");
              }
              if (settings.isOpen()) { // names who asked for a replay, of which keys and why
                requests.requestMatchers("/actuator/replay").authenticated();
              }
              requests.requestMatchers(HttpMethod.GET).permitAll();
              requests.requestMatchers(HttpMethod.HEAD).permitAll();
              if (settings.isOpen()) {
                requests.anyRequest().authenticated();
              } else {
                requests.anyRequest().denyAll();
              }
            })
        .httpBasic(
            basic -> {
              // Closed, no header is looked at.
              if (settings.isOpen()) {
                basic.authenticationEntryPoint(wrongPasswords);
              } else {
                basic.disable();
              }
            })
        .build();
  }

  private static void inside(
      AuthorizeHttpRequestsConfigurer<HttpSecurity>.AuthorizationManagerRequestMatcherRegistry
          requests,
      ManagementSettings settings,
      String path) {
    if (settings.isOpen()) {
      requests.requestMatchers(path).authenticated();
    } else {
      requests.requestMatchers(path).denyAll();
    }
  }

  @Bean
  PasswordEncoder passwordEncoder() {
    return new SecretComparison();
  }

  @Bean
  UserDetailsService managers(ManagementSettings settings, PasswordEncoder encoder) {
    InMemoryUserDetailsManager managers = new InMemoryUserDetailsManager();
    if (settings.isOpen()) {
      managers.createUser(
          User.withUsername(settings.username())
              .password(encoder.encode(settings.password()))
              .build());
    }
    return managers;
  }

  @Bean(destroyMethod = "close")
  @Conditional(WithPassword.class)
  ReplayEndpoint replayEndpoint(Replay replay, Replays replays) {
    return new ReplayEndpoint(replay, replays);
  }

  /** Set, and not to nothing, as a deployment does that leaves it open. */
  static final class WithPassword implements Condition {

    @Override
    public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
      return !context.getEnvironment().getProperty("lapse.management.password", "").isEmpty();
    }
  }
}
