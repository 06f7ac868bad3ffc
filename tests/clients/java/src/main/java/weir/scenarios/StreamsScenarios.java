package weir.scenarios;

import static weir.scenarios.Stage.check;
import static weir.scenarios.Stage.eventually;
import static weir.scenarios.Stage.same;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;

/** Kafka Streams counts words exactly once, whatever happens to the application. */
final class StreamsScenarios {
    private static final String AREA = "Kafka Streams, exactly_once_v2";
    private static final String[] WORDS = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"};

    static List<Scenario> all() {
        return List.of(
            Scenario.of(AREA, "streams", "counts words, killed once", stage -> count(stage, 1, 1)),
            Scenario.full(AREA, "streams-killed", "two applications at a time, killed again and again, their state lost",
                stage -> count(stage, 2, 5)));
    }

    /** Sends lines of three words each and notes how often each word has been sent. */
    static void say(Stage stage, String topic, int lines, Map<String, Integer> said) throws Exception {
        KafkaProducer<String, String> out = stage.producer();
        List<Future<?>> sent = new ArrayList<>();
        for (int n = 0; n < lines; ++n) {
            List<String> words = List.of(WORDS[n % 8], WORDS[n / 8 % 8], WORDS[n / 3 % 8]);
            words.forEach(w -> said.merge(w, 1, Integer::sum));
            sent.add(out.send(new ProducerRecord<>(topic, "" + n, String.join(" ", words))));
        }
        for (Future<?> one : sent) {
            one.get();
        }
    }

    private static void count(Stage stage, int applications, int kills) throws Exception {
        String in = stage.topic("in", 4);
        String out = stage.topic("out", 4);
        String changes = stage.name + "-counts-changelog";
        stage.deleteLater(changes);
        stage.deleteLater(stage.name + "-counts-repartition");
        Map<String, Integer> said = new HashMap<>();
        say(stage, in, 2000, said);
        List<Child> running = new ArrayList<>();
        for (int n = 0; n < applications; ++n) {
            running.add(start(stage, in, out, n, 0));
        }
        for (int n = 0; n < kills; ++n) {
            int seen = stage.values(out, "read_committed").size();
            eventually("the applications get on", () -> {
                for (Child one : running) {
                    one.mustRun();
                }
                return stage.values(out, "read_committed").size() > seen;
            });
            running.get(n % applications).kill();
            say(stage, in, 1000, said);
            // Every other time it comes back without its state directory, which the changelog makes good.
            running.set(n % applications, start(stage, in, out, n % applications, n / 2));
        }
        int total = said.values().stream().mapToInt(n -> n).sum();
        eventually("all words are counted", () -> {
            for (Child one : running) {
                one.mustRun();
            }
            return stage.values(out, "read_committed").size() >= total;
        }, () -> "but " + stage.values(out, "read_committed").size() + " of " + total);
        for (Child one : running) {
            check(one.stop(), "an application ends when it is told to");
        }
        exact(said, stage.read(out, "read_committed"));
        changelog(stage, changes, said);
    }

    private static Child start(Stage stage, String in, String out, int number, int directory) throws Exception {
        Path state = stage.work.resolve(stage.name + "-" + number + "-" + directory);
        return stage.keep(new Child(stage.work.resolve(stage.name + "-" + number + ".log"), "weir.scenarios.WordCount",
            stage.bootstrap, stage.name, in, out, state.toString()));
    }

    /** Nothing was counted twice or left out, ever: each word's counts are 1, 2, 3 … */
    static void exact(Map<String, Integer> said, List<ConsumerRecord<String, String>> told) {
        Map<String, Integer> last = new HashMap<>();
        for (ConsumerRecord<String, String> r : told) {
            same(last.getOrDefault(r.key(), 0) + 1, Integer.parseInt(r.value()), "the next count of " + r.key());
            last.put(r.key(), Integer.parseInt(r.value()));
        }
        same(said, last, "the counts");
    }

    static void changelog(Stage stage, String topic, Map<String, Integer> said) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        same("compact", stage.admin.describeConfigs(List.of(resource)).all().get().get(resource).get("cleanup.policy").value(),
            "the cleanup policy of the changelog");
        Map<String, Integer> last = new HashMap<>();
        Numbers.read(stage, topic).forEach((word, count) -> last.put(word, count.intValue()));
        same(said, last, "the counts in the changelog");
    }
}
