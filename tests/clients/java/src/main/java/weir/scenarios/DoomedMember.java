package weir.scenarios;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** BOOTSTRAP TOPIC GROUP [NAME VALUE]…: a member that polls until it is killed and never commits. */
public final class DoomedMember {
    public static void main(String[] args) {
        Map<String, Object> configs = new HashMap<>(Map.of("bootstrap.servers", args[0], "group.id", args[2],
            "enable.auto.commit", false, "auto.offset.reset", "earliest"));
        for (int i = 3; i < args.length; i += 2) {
            configs.put(args[i], args[i + 1]);
        }
        KafkaConsumer<String, String> consumer = new KafkaConsumer<>(configs, new StringDeserializer(), new StringDeserializer());
        consumer.subscribe(List.of(args[1]));
        while (true) {
            consumer.poll(Duration.ofMillis(100));
        }
    }
}
