package weir.clients;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.AppInfoParser;

/** The original client. The arguments and the dialog are told in ../README.md of the clients. */
public final class Client {
    public static void main(String[] args) throws Exception {
        if (args.length == 5 && args[0].equals("produce")) {
            produce(args[1], args[2], args[3], Path.of(args[4]));
        } else if (args.length == 4 && args[0].equals("consume")) {
            consume(args[1], args[2], Path.of(args[3]));
        } else if (args.length == 6 && args[0].equals("group")) {
            group(args[1], args[2], args[3], Long.parseLong(args[4]), Path.of(args[5]));
        } else if (args.length == 1 && args[0].equals("version")) {
            System.out.println(AppInfoParser.getVersion());
        } else if (args.length == 2 && args[0].equals("admin")) {
            dialog(args[1]);
        } else {
            System.err.println("produce BOOTSTRAP TOPIC COMPRESSION FILE | consume BOOTSTRAP TOPIC FILE | "
                + "group BOOTSTRAP TOPIC GROUP COUNT FILE | admin BOOTSTRAP | version");
            System.exit(1);
        }
    }

    private static KafkaProducer<byte[], byte[]> producer(String bootstrap, String compression) {
        return new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "compression.type", compression, "acks", "all",
            "enable.idempotence", true, "linger.ms", 20), new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static void produce(String bootstrap, String topic, String compression, Path path) throws Exception {
        AtomicReference<Exception> failure = new AtomicReference<>();
        try (KafkaProducer<byte[], byte[]> client = producer(bootstrap, compression);
             Stream<String> lines = Files.lines(path)) {
            lines.forEach(line -> {
                int tab = line.indexOf('\t');
                client.send(new ProducerRecord<>(topic, bytes(line.substring(0, tab)), bytes(line.substring(tab + 1))),
                    (sent, error) -> failure.compareAndSet(null, error));
            });
        } // close waits for all answers
        if (failure.get() != null) {
            throw failure.get();
        }
    }

    private static void consume(String bootstrap, String topic, Path path) throws IOException {
        try (KafkaConsumer<byte[], byte[]> client = new KafkaConsumer<>(
                 Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", false),
                 new ByteArrayDeserializer(), new ByteArrayDeserializer());
             OutputStream out = new BufferedOutputStream(Files.newOutputStream(path), 1 << 20)) {
            List<TopicPartition> partitions = client.partitionsFor(topic).stream()
                .map(info -> new TopicPartition(topic, info.partition())).collect(Collectors.toList());
            Map<TopicPartition, Long> ends = client.endOffsets(partitions);
            Set<TopicPartition> waiting = partitions.stream()
                .filter(partition -> ends.get(partition) > 0).collect(Collectors.toSet());
            client.assign(waiting);
            client.seekToBeginning(waiting);
            while (!waiting.isEmpty()) {
                for (ConsumerRecord<byte[], byte[]> record : client.poll(Duration.ofSeconds(1))) {
                    TopicPartition partition = new TopicPartition(topic, record.partition());
                    if (record.offset() < ends.get(partition)) {
                        out.write(bytes(record.partition() + "\t" + record.offset() + "\t"));
                        out.write(record.key());
                        out.write('\t');
                        out.write(record.value());
                        out.write('\n');
                    }
                    if (record.offset() + 1 >= ends.get(partition)) {
                        waiting.remove(partition);
                    }
                }
            }
        }
    }

    private static void group(String bootstrap, String topic, String name, long count, Path path) throws IOException {
        Map<TopicPartition, OffsetAndMetadata> reached = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> client = new KafkaConsumer<>(
                 Map.of("bootstrap.servers", bootstrap, "group.id", name, "enable.auto.commit", false,
                     "auto.offset.reset", "earliest", "group.protocol", System.getProperty("group.protocol", "classic")),
                 new ByteArrayDeserializer(), new ByteArrayDeserializer());
             OutputStream out = new BufferedOutputStream(Files.newOutputStream(path), 1 << 20)) {
            client.subscribe(List.of(topic));
            while (count > 0) {
                for (ConsumerRecord<byte[], byte[]> record : client.poll(Duration.ofSeconds(1))) {
                    if (count == 0) {
                        break;
                    }
                    --count;
                    out.write(bytes(record.partition() + "\t" + record.offset() + "\t"));
                    out.write(record.key());
                    out.write('\t');
                    out.write(record.value());
                    out.write('\n');
                    reached.put(new TopicPartition(topic, record.partition()), new OffsetAndMetadata(record.offset() + 1));
                }
            }
            client.commitSync(reached);
        }
    }

    private static void dialog(String bootstrap) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
             KafkaProducer<byte[], byte[]> sender = producer(bootstrap, "none")) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String said;
                try {
                    said = answer(admin, sender, line.split(" "));
                } catch (Exception error) {
                    said = "! " + error.toString().replaceAll("\\s+", " ");
                }
                System.out.println(said);
            }
        }
    }

    private static String answer(Admin admin, KafkaProducer<byte[], byte[]> sender, String[] words) throws Exception {
        String topic = words[1];
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        switch (words[0]) {
            case "create":
                Map<String, String> configs = new HashMap<>();
                Arrays.stream(words).skip(3).map(pair -> pair.split("=", 2)).forEach(pair -> configs.put(pair[0], pair[1]));
                admin.createTopics(List.of(new NewTopic(topic, Integer.parseInt(words[2]), (short) -1).configs(configs)))
                    .all().get();
                return "ok";
            case "exists":
                return admin.listTopics().names().get().contains(topic) ? "yes" : "no";
            case "partitions":
                return "" + admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
            case "config":
                return admin.describeConfigs(List.of(resource)).all().get().get(resource).get(words[2]).value();
            case "set-config":
                admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(
                    new ConfigEntry(words[2], words[3]), AlterConfigOp.OpType.SET)))).all().get();
                return "ok";
            case "add-partitions":
                admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(Integer.parseInt(words[2])))).all().get();
                return "ok";
            case "send":
                sender.send(new ProducerRecord<>(topic, Integer.parseInt(words[2]), Long.parseLong(words[3]), null,
                    bytes(words[4]))).get();
                return "ok";
            case "offset":
                TopicPartition where = new TopicPartition(topic, Integer.parseInt(words[2]));
                return "" + admin.listOffsets(Map.of(where, spec(words[3]))).partitionResult(where).get().offset();
            case "delete-records":
                admin.deleteRecords(Map.of(new TopicPartition(topic, Integer.parseInt(words[2])),
                    RecordsToDelete.beforeOffset(Long.parseLong(words[3])))).all().get();
                return "ok";
            case "delete":
                admin.deleteTopics(List.of(topic)).all().get();
                return "ok";
            default:
                return "n/a";
        }
    }

    private static OffsetSpec spec(String at) {
        switch (at) {
            case "earliest": return OffsetSpec.earliest();
            case "latest": return OffsetSpec.latest();
            case "max-timestamp": return OffsetSpec.maxTimestamp();
            default: return OffsetSpec.forTimestamp(Long.parseLong(at));
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
