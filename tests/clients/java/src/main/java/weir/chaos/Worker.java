package weir.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * One incarnation of a client that makes transactions, NAME.INCARNATION: its producer, and the file in which everything stands
 * before it is done. The twin of Worker in tests/chaos/transacting.py, which says what the lines mean; here "b" has the
 * transaction's version, producer id and epoch besides.
 */
class Worker {
    static final double ABORT_SHARE = 0.08;
    private static final long CALL_NANOS = 15_000_000_000L;
    private static final int CALL_MS = 5000; // of one attempt
    private static final int REQUEST_MS = 4000;
    private static final List<Integer> PATIENCES_MS = List.of(1000, 2000, REQUEST_MS); // a producer's: what it gave up comes late
    private static final int TRANSACTION_MS = 8000;
    private static final int SESSION_MS = 3000; // of the classic protocol; the other one's is the broker's to say
    private static final int POLLS_MS = 40_000; // longer than a step may take
    private static final ObjectMapper JSON = new ObjectMapper();

    final String role;
    final String name;
    final String bootstrap;
    final List<String> topics = new ArrayList<>();
    final int partitions;
    final double rate;
    final Random rng;
    final Watchdog dog;
    String txn;
    KafkaProducer<String, String> producer;
    private final Path folder;
    private final boolean consumerProtocol;
    private final long parent;
    private final OutputStream out;
    private Told told;
    private int count;

    Worker(String[] arguments) throws IOException {
        role = arguments[0];
        name = arguments[1];
        bootstrap = arguments[2];
        folder = Path.of(arguments[3]);
        rng = new Random((arguments[4] + "-" + name).hashCode());
        JsonNode plan = JSON.readTree(arguments[5]);
        plan.get("topics").forEach(topic -> topics.add(topic.asText()));
        partitions = plan.get("partitions").asInt();
        rate = plan.get("rate").asDouble();
        consumerProtocol = plan.get("protocol").asText().equals("consumer");
        parent = parent();
        out = new FileOutputStream(folder.resolve("transactions-" + name).toFile()); // unbuffered: kill -9 loses no line
        line(Map.of("role", role, "name", name, "client", "java"));
        dog = new Watchdog(at -> write("e", txn, "hangs in " + at, ""));
    }

    private static long parent() {
        return ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
    }

    /** Until its role is told to stop, or nobody is there any more who could. */
    boolean running() {
        return !Files.exists(folder.resolve("stop-" + role)) && parent() == parent;
    }

    void write(Object... words) {
        line(Arrays.asList(words));
    }

    private synchronized void line(Object what) {
        try {
            out.write((JSON.writeValueAsString(what) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    void failed(String what, Throwable error) {
        write("e", txn, what, error.getClass().getSimpleName());
    }

    /** Again as long as it takes too long: the client wants the same call to be made again then. */
    void call(String what, Runnable function) {
        long until = System.nanoTime() + CALL_NANOS;
        while (true) {
            dog.step(what);
            try {
                function.run();
                return;
            } catch (TimeoutException late) {
                failed(what, late);
                if (System.nanoTime() > until) {
                    throw new Torn(late);
                }
            } catch (KafkaException | IllegalStateException error) {
                failed(what, error);
                throw error;
            }
        }
    }

    /** Brokers that say nothing are given up early, so that a short run sees much. */
    Map<String, Object> settings(Map<String, Object> more) {
        Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "client.id", name,
            "request.timeout.ms", REQUEST_MS, "socket.connection.setup.timeout.ms", 3000, "reconnect.backoff.ms", 50,
            "reconnect.backoff.max.ms", 500, "retry.backoff.ms", 50, "retry.backoff.max.ms", 300, "metadata.max.age.ms", 3000));
        all.putAll(more);
        return all;
    }

    void connect() throws ReflectiveOperationException {
        producer = new KafkaProducer<>(settings(Map.of("transactional.id", name.substring(0, name.lastIndexOf('.')),
            "request.timeout.ms", PATIENCES_MS.get(rng.nextInt(PATIENCES_MS.size())), "transaction.timeout.ms", TRANSACTION_MS,
            "delivery.timeout.ms", TRANSACTION_MS, "max.block.ms", CALL_MS, "linger.ms", List.of(0, 2, 10).get(rng.nextInt(3)))),
            new StringSerializer(), new StringSerializer());
        told = new Told(producer);
        call("initTransactions", producer::initTransactions);
    }

    KafkaConsumer<String, String> consumer(Map<String, Object> more) {
        Map<String, Object> all = settings(Map.of("enable.auto.commit", false, "isolation.level", "read_committed",
            "auto.offset.reset", "none", "fetch.max.wait.ms", 50, "default.api.timeout.ms", 10_000));
        all.putAll(more);
        return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
    }

    /** A member of it, which never commits by itself. */
    KafkaConsumer<String, String> member(String group, int recordsMax) {
        Map<String, Object> all = new HashMap<>(Map.of("group.id", group, "auto.offset.reset", "earliest", "max.poll.records",
            recordsMax, "max.poll.interval.ms", POLLS_MS));
        all.putAll(consumerProtocol ? Map.of("group.protocol", "consumer")
            : Map.of("group.protocol", "classic", "session.timeout.ms", SESSION_MS, "heartbeat.interval.ms", SESSION_MS / 5,
                "partition.assignment.strategy", RangeAssignor.class.getName())); // which librdkafka's members have, too
        return consumer(all);
    }

    void begin() throws ReflectiveOperationException {
        txn = name + "." + count++;
        call("beginTransaction", producer::beginTransaction);
        write("b", txn, told.version(), told.identity().producerId, told.identity().epoch);
    }

    Future<RecordMetadata> send(String topic, int partition, String value) {
        dog.step("send");
        return producer.send(new ProducerRecord<>(topic, partition, null, value));
    }

    /** Whether it was committed; `offsets` go with it. */
    boolean end(Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata metadata) {
        if (!offsets.isEmpty()) {
            dog.step("sendOffsetsToTransaction");
            try {
                producer.sendOffsetsToTransaction(offsets, metadata);
            } catch (KafkaException error) {
                failed("sendOffsetsToTransaction", error);
                abort();
                return false;
            }
        }
        write("c", txn);
        try {
            call("commitTransaction", producer::commitTransaction);
        } catch (KafkaException error) {
            abort(); // which throws where the client is beyond it: then nobody knows what became of the transaction
            return false;
        }
        write("C", txn);
        return true;
    }

    void abort() {
        call("abortTransaction", producer::abortTransaction);
        write("A", txn);
    }

    void pause(double seconds) throws InterruptedException {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        while (running() && System.nanoTime() < end) {
            dog.step("pause");
            Thread.sleep(Math.max(1, Math.min(20, (end - System.nanoTime()) / 1_000_000)));
        }
    }
}
