package weir.scenarios;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What a scenario plays on: a broker, names that nobody else has, clients, and patience. All that it made goes with it. */
final class Stage implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(90); // MirrorMaker and patterns of topics take a minute

    final String bootstrap;
    final String other; // another cluster's, or "-"
    final Path work;
    final String name;
    final Admin admin;
    private final List<AutoCloseable> made = new ArrayList<>();
    private final Set<String> topics = new HashSet<>();

    Stage(String scenario, String bootstrap, String other, Path work) {
        this.bootstrap = bootstrap;
        this.other = other;
        this.work = work;
        this.name = "clients-" + scenario + "-" + UUID.randomUUID().toString().substring(0, 8);
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    <T extends AutoCloseable> T keep(T one) {
        made.add(one);
        return one;
    }

    @Override
    public void close() {
        for (int i = made.size() - 1; i >= 0; --i) {
            quietly(made.get(i));
        }
        quietly(() -> admin.deleteTopics(topics.stream().filter(Stage.this::exists).toList()).all().get());
        admin.close(Duration.ofSeconds(5));
    }

    private boolean exists(String topic) {
        try {
            return admin.listTopics().names().get().contains(topic);
        } catch (InterruptedException | ExecutionException error) {
            return false;
        }
    }

    private static void quietly(AutoCloseable one) {
        try {
            one.close();
        } catch (Exception error) {
            // The scenario has said already what it found; this only clears away.
        }
    }

    String topic(String about, int partitions, String... configs) throws Exception {
        String topic = name + "-" + about;
        Map<String, String> all = Arrays.stream(configs).map(c -> c.split("=", 2)).collect(Collectors.toMap(c -> c[0], c -> c[1]));
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(all))).all().get();
        topics.add(topic);
        eventually("topic " + topic + " is known", () -> {
            try {
                return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
                    .filter(p -> p.leader() != null).count() == partitions;
            } catch (ExecutionException error) {
                return false;
            }
        });
        return topic;
    }

    /** Deleted in the end, whoever makes it. */
    void deleteLater(String topic) {
        topics.add(topic);
    }

    KafkaProducer<String, String> producer(Object... configs) {
        return keep(new KafkaProducer<>(with(Map.of("bootstrap.servers", bootstrap, "linger.ms", 5), configs),
            new StringSerializer(), new StringSerializer()));
    }

    KafkaProducer<String, String> transactional(String id, Object... configs) {
        KafkaProducer<String, String> made = producer(with(Map.of("transactional.id", id), configs).entrySet().stream()
            .flatMap(e -> Arrays.asList(e.getKey(), e.getValue()).stream()).toArray());
        made.initTransactions();
        return made;
    }

    KafkaConsumer<String, String> consumer(Object... configs) {
        return keep(new KafkaConsumer<>(with(Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", false,
            "auto.offset.reset", "earliest"), configs), new StringDeserializer(), new StringDeserializer()));
    }

    static Map<String, Object> with(Map<String, Object> base, Object... pairs) {
        Map<String, Object> all = new HashMap<>(base);
        for (int i = 0; i < pairs.length; i += 2) {
            all.put((String) pairs[i], pairs[i + 1]);
        }
        return all;
    }

    /** Sends `from` to `to` as values, spread over all partitions. */
    void produce(String topic, int from, int to) throws Exception {
        try (KafkaProducer<String, String> out = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "linger.ms", 5),
                 new StringSerializer(), new StringSerializer())) {
            int partitions = out.partitionsFor(topic).size();
            List<Future<?>> sent = new ArrayList<>();
            for (int n = from; n < to; ++n) {
                sent.add(out.send(new ProducerRecord<>(topic, n % partitions, "" + n, "" + n)));
            }
            for (Future<?> one : sent) {
                one.get();
            }
        }
    }

    Set<TopicPartition> partitions(String topic) throws Exception {
        return IntStream.range(0, admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size())
            .mapToObj(p -> new TopicPartition(topic, p)).collect(Collectors.toSet());
    }

    Map<TopicPartition, Long> ends(String topic) throws Exception {
        return ends(topic, IsolationLevel.READ_UNCOMMITTED);
    }

    private Map<TopicPartition, Long> ends(String topic, IsolationLevel isolation) throws Exception {
        return admin.listOffsets(partitions(topic).stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest())),
                new ListOffsetsOptions(isolation))
            .all().get().entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().offset()));
    }

    /** All values of a topic as one with this isolation sees them now, in order within a partition. */
    List<ConsumerRecord<String, String>> read(String topic, String isolation) throws Exception {
        try (KafkaConsumer<String, String> in = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap,
                 "isolation.level", isolation, "enable.auto.commit", false), new StringDeserializer(), new StringDeserializer())) {
            Set<TopicPartition> all = partitions(topic);
            in.assign(all);
            in.seekToBeginning(all);
            Map<TopicPartition, Long> ends = in.endOffsets(all);
            List<ConsumerRecord<String, String>> found = new ArrayList<>();
            eventually(topic + " is read to its end", () -> {
                in.poll(Duration.ofMillis(200)).forEach(found::add);
                return all.stream().allMatch(p -> in.position(p) >= ends.get(p));
            });
            return found;
        }
    }

    List<String> values(String topic, String isolation) throws Exception {
        return read(topic, isolation).stream().map(ConsumerRecord::value).toList();
    }

    /** The same once no transaction is open there: a commit is answered before all partitions have its marker. */
    List<String> committed(String topic) throws Exception {
        eventually("no transaction is open in " + topic, () -> ends(topic).equals(ends(topic, IsolationLevel.READ_COMMITTED)));
        return values(topic, "read_committed");
    }

    static void check(boolean right, String what) {
        if (!right) {
            throw new AssertionError("not so: " + what);
        }
    }

    static void same(Object want, Object got, String what) {
        if (!Objects.equals(want, got)) {
            throw new AssertionError(what + ": " + shortened(got) + " instead of " + shortened(want));
        }
    }

    private static String shortened(Object value) {
        String text = "" + value;
        return text.length() < 300 ? text : text.substring(0, 300) + "…";
    }

    /** As a multiset. */
    static void sameValues(Collection<String> want, Collection<String> got, String what) {
        same(want.stream().sorted().toList(), got.stream().sorted().toList(), what + " (" + want.size() + ", " + got.size() + ")");
    }

    static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(n -> "" + n).toList();
    }

    static void eventually(String what, Callable<Boolean> is) throws Exception {
        eventually(what, is, () -> "");
    }

    /** Waits until it is so; `seen` says in the end what is there instead. */
    static void eventually(String what, Callable<Boolean> is, Callable<String> seen) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!is.call()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("never so: " + what + " " + seen.call());
            }
            Thread.sleep(50);
        }
    }

    /** The error that `body` must end with, of one of these classes. */
    static Throwable fails(String what, Callable<?> body, List<Class<? extends Throwable>> with) throws Exception {
        try {
            body.call();
        } catch (Exception error) {
            for (Throwable at = error; at != null; at = at.getCause()) {
                Throwable one = at;
                if (with.stream().anyMatch(c -> c.isInstance(one))) {
                    return one;
                }
            }
            throw new AssertionError(what + " fails with " + error + " instead of " + with, error);
        }
        throw new AssertionError(what + " does not fail");
    }
}
