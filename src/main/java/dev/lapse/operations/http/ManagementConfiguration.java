package dev.lapse.operations.http;

import dev.lapse.replay.Replay;
import dev.lapse.replay.Replays;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.http.HttpMethod;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;

/**
 * Who may do what over HTTP: anybody may look, and only who knows the management password may do
 * something. Without one nobody may, and there is no endpoint that could.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@EnableConfigurationProperties(ManagementSettings.class)
class ManagementConfiguration {

  /** Whatever method is not one of looking, on whatever path. */
  @Bean
  SecurityFilterChain onlyLooking(HttpSecurity http, ManagementSettings settings) {
    return http.csrf(AbstractHttpConfigurer::disable) // no browser session to forge requests in
        .sessionManagement(
            sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .requestCache(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .authorizeHttpRequests(
            requests -> {
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
              // Closed, no header is worth a password's hash, which anybody could have us compute.
              if (!settings.isOpen()) {
                basic.disable();
              }
            })
        .build();
  }

  /** Its comparison takes the same time whatever it compares. */
  @Bean
  PasswordEncoder passwordEncoder() {
    return new BCryptPasswordEncoder();
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
