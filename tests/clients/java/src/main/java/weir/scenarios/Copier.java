package weir.scenarios;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** BOOTSTRAP FROM TO NAME: copies records in transactions, each fifth aborted and done again, until it is ended. */
public final class Copier {
    public static void main(String[] args) {
        String bootstrap = args[0];
        KafkaConsumer<String, String> in = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap, "group.id", args[3],
            "enable.auto.commit", false, "auto.offset.reset", "earliest", "isolation.level", "read_committed",
            "max.poll.records", 50, "session.timeout.ms", 6000, "group.instance.id", "copier"),
            new StringDeserializer(), new StringDeserializer());
        KafkaProducer<String, String> out = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap,
            "transactional.id", args[3]), new StringSerializer(), new StringSerializer());
        out.initTransactions();
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            in.wakeup();
            try {
                main.join();
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            }
        }));
        in.subscribe(List.of(args[1]));
        try {
            for (int round = 0;; ++round) {
                copy(in, out, args[2], round % 5 == 4);
            }
        } catch (WakeupException end) {
            in.close();
            out.close();
        }
    }

    private static void copy(KafkaConsumer<String, String> in, KafkaProducer<String, String> out, String to, boolean abort) {
        ConsumerRecords<String, String> records = in.poll(Duration.ofMillis(100));
        if (records.isEmpty()) {
            return;
        }
        Map<TopicPartition, OffsetAndMetadata> reached = new HashMap<>();
        Map<TopicPartition, Long> began = new HashMap<>();
        out.beginTransaction();
        for (ConsumerRecord<String, String> r : records) {
            out.send(new ProducerRecord<>(to, r.partition(), r.key(), r.value()));
            TopicPartition partition = new TopicPartition(r.topic(), r.partition());
            began.putIfAbsent(partition, r.offset());
            reached.put(partition, new OffsetAndMetadata(r.offset() + 1));
        }
        out.sendOffsetsToTransaction(reached, in.groupMetadata());
        if (abort) {
            out.abortTransaction();
            began.forEach(in::seek);
        } else {
            out.commitTransaction();
        }
    }
}
