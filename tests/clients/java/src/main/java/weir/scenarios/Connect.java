package weir.scenarios;

import static weir.scenarios.Stage.check;
import static weir.scenarios.Stage.eventually;
import static weir.scenarios.Stage.numbers;
import static weir.scenarios.Stage.same;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** A Connect worker alone: lines of a file become records, and these lines of another file. */
final class Connect {
    static List<Scenario> all() {
        return List.of(Scenario.of("Connect, standalone", "connect-files", "a file to a topic to a file, with a restart between",
            Connect::files));
    }

    private static List<String> lines(Path file) throws IOException {
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    private static Path write(Path file, String... lines) throws IOException {
        return Files.write(file, List.of(lines));
    }

    private static void files(Stage stage) throws Exception {
        Path folder = Files.createDirectories(stage.work.resolve(stage.name));
        Path from = folder.resolve("from");
        Path to = folder.resolve("to");
        String topic = stage.topic("lines", 1);
        String string = "org.apache.kafka.connect.storage.StringConverter";
        String[] arguments = {
            write(folder.resolve("worker.properties"), "bootstrap.servers=" + stage.bootstrap, "key.converter=" + string,
                "value.converter=" + string, "offset.storage.file.filename=" + folder.resolve("offsets"),
                "offset.flush.interval.ms=500", "listeners=http://127.0.0.1:0", "plugin.discovery=only_scan").toString(),
            write(folder.resolve("source.properties"), "name=" + stage.name + "-source", "tasks.max=1", "topic=" + topic,
                "connector.class=org.apache.kafka.connect.file.FileStreamSourceConnector", "file=" + from).toString(),
            write(folder.resolve("sink.properties"), "name=" + stage.name + "-sink", "tasks.max=1", "topics=" + topic,
                "connector.class=org.apache.kafka.connect.file.FileStreamSinkConnector", "file=" + to).toString()};
        int written = 0;
        for (int life = 0; life < 2; ++life) {
            Files.write(from, numbers(written, written + 500), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            written += 500;
            int wanted = written;
            Child worker = stage.keep(new Child(folder.resolve("log"), "org.apache.kafka.connect.cli.ConnectStandalone", arguments));
            eventually(wanted + " lines came through", () -> {
                worker.mustRun();
                return lines(to).size() >= wanted;
            }, () -> "but " + lines(to).size());
            check(worker.stop(), "the worker ends when it is told to");
        }
        same(numbers(0, written), lines(to), "the lines");
        same(numbers(0, written), stage.values(topic, "read_committed"), "the records");
        ClassicGroups.committed(stage, "connect-" + stage.name + "-sink", List.of(topic));
    }
}
