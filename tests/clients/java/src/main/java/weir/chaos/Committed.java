package weir.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** What is visible of partitions to a reader of committed records, up to ends that are asked for. */
final class Committed {
    private final Worker worker;
    private final String topic;
    private final KafkaConsumer<String, String> reader;
    private final Map<Integer, List<ConsumerRecord<String, String>>> seen = new HashMap<>();
    private final Map<Integer, Long> reached = new HashMap<>();

    Committed(Worker worker, String topic) {
        this.worker = worker;
        this.topic = topic;
        reader = worker.consumer(Map.of("fetch.max.wait.ms", 20));
    }

    /** The last stable offset; negative when nobody tells. */
    long end(int partition, int seconds) {
        TopicPartition it = new TopicPartition(topic, partition);
        try {
            return reader.endOffsets(List.of(it), Duration.ofSeconds(seconds)).get(it);
        } catch (KafkaException unknown) {
            worker.failed("endOffsets", unknown);
            return -1;
        }
    }

    /** The values of everything before `end`; null when that did not come in time. */
    List<String> read(int partition, long end, int seconds) {
        TopicPartition it = new TopicPartition(topic, partition);
        List<ConsumerRecord<String, String>> all = seen.computeIfAbsent(partition, p -> new ArrayList<>());
        long at = reached.getOrDefault(partition, 0L);
        if (at < end) {
            reader.assign(List.of(it));
            reader.seek(it, at);
            long until = System.nanoTime() + seconds * 1_000_000_000L;
            while (at < end && System.nanoTime() < until) {
                try {
                    all.addAll(reader.poll(Duration.ofMillis(100)).records(it));
                    at = reader.position(it, Duration.ofMillis(100)); // behind the last record there may be markers
                } catch (KafkaException error) {
                    worker.failed("read", error);
                    reader.seek(it, at = all.isEmpty() ? at : Math.max(at, all.get(all.size() - 1).offset() + 1));
                }
            }
            reached.put(partition, at);
            reader.unsubscribe();
        }
        return at < end ? null : all.stream().filter(r -> r.offset() < end).map(ConsumerRecord::value).toList();
    }
}
