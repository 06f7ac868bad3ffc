package weir.scenarios;

import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/** BOOTSTRAP NAME IN OUT STATE_FOLDER [PROTOCOL]: the word count of Kafka Streams' own quick start, until it is ended. */
public final class WordCount {
    public static void main(String[] args) {
        Properties configs = new Properties();
        configs.put("bootstrap.servers", args[0]);
        configs.put("application.id", args[1]);
        configs.put("state.dir", args[4]);
        configs.put("processing.guarantee", "exactly_once_v2");
        configs.put("commit.interval.ms", 100);
        configs.put("replication.factor", 1);
        configs.put("num.stream.threads", 2);
        // Every count is told, not only the last one of a commit.
        configs.put("statestore.cache.max.bytes", 0);
        configs.put("default.key.serde", Serdes.StringSerde.class);
        configs.put("default.value.serde", Serdes.StringSerde.class);
        configs.put("consumer.auto.offset.reset", "earliest");
        if (args.length > 5) {
            configs.put("group.protocol", args[5]); // the group's own configs say how long a session is
        } else {
            configs.put("consumer.session.timeout.ms", 6000);
        }
        configs.put("producer.transaction.timeout.ms", 10_000);
        StreamsBuilder topology = new StreamsBuilder();
        topology.<String, String>stream(args[2])
            .flatMapValues(line -> List.of(line.split(" ")))
            .groupBy((key, word) -> word, Grouped.as("counts"))
            .count(Materialized.as("counts"))
            .toStream().mapValues(count -> "" + count)
            .to(args[3], Produced.with(Serdes.String(), Serdes.String()));
        KafkaStreams streams = new KafkaStreams(topology.build(), configs);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return null;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(20))));
        streams.start();
    }
}
