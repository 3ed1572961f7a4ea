# The service as an image: ./mvnw package -DskipTests && docker build --tag lapse .
#
# Runs as nobody in particular, on a read-only root file system with a writable /tmp, in whatever
# memory its container has; SIGTERM stops it within 5 s. Arguments are commands: docker run lapse help
# Jars of others, such as JDBC drivers, go into /lapse/plugins.

FROM eclipse-temurin:17-jre AS layers
WORKDIR /layers
COPY target/lapse.jar .
RUN java -Djarmode=tools -jar lapse.jar extract --layers --destination extracted

FROM eclipse-temurin:17-jre
WORKDIR /lapse
COPY --chmod=755 deploy/is-alive ./
# From what changes least to what changes most, so that a new version pulls the last one only.
COPY --from=layers /layers/extracted/dependencies/ ./
COPY --from=layers /layers/extracted/spring-boot-loader/ ./
COPY --from=layers /layers/extracted/snapshot-dependencies/ ./
COPY --from=layers /layers/extracted/application/ ./
# Parses the classes once for all starts, and one takes half as long. Here it fails: nobody answers.
RUN java -XX:ArchiveClassesAtExit=lapse.jsa -Xlog:disable -jar lapse.jar \
      --spring.datasource.url=jdbc:postgresql://127.0.0.1:1/none --lapse.kafka.bootstrap-servers=127.0.0.1:1 \
    || test -f lapse.jsa
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 CMD ["/lapse/is-alive"]
# No shell between the signals and java. The rest of the memory is for threads, buffers and classes.
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=60", "-XX:+ExitOnOutOfMemoryError", \
    "-XX:SharedArchiveFile=lapse.jsa", "-cp", "lapse.jar:plugins/*", "dev.lapse.Lapse"]
