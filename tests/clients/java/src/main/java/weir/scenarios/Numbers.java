package weir.scenarios;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** The last number under each key of a topic. */
final class Numbers {
    static Map<String, Long> read(Stage stage, String topic) throws Exception {
        Map<String, Long> last = new HashMap<>();
        try (KafkaConsumer<String, Long> in = new KafkaConsumer<>(Map.of("bootstrap.servers", stage.bootstrap,
                 "isolation.level", "read_committed", "enable.auto.commit", false), new StringDeserializer(),
                 new LongDeserializer())) {
            var all = stage.partitions(topic);
            in.assign(all);
            in.seekToBeginning(all);
            var ends = in.endOffsets(all);
            Stage.eventually(topic + " is read to its end", () -> {
                in.poll(Duration.ofMillis(200)).forEach(r -> last.put(r.key(), r.value()));
                return all.stream().allMatch(p -> in.position(p) >= ends.get(p));
            });
        }
        return last;
    }
}
