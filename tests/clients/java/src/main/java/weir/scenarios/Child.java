package weir.scenarios;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another Java process, which can be killed. What it says is in a file. */
final class Child implements AutoCloseable {
    private final Process process;
    final Path log;

    Child(Path log, String main, String... arguments) throws Exception {
        this.log = log;
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-Xmx256m",
            "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), main));
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())).redirectInput(new File("/dev/null")).start();
    }

    void kill() throws Exception {
        process.destroyForcibly();
        process.waitFor(30, TimeUnit.SECONDS);
    }

    /** As a service manager ends it; says whether it went by itself. */
    boolean stop() throws Exception {
        process.destroy();
        boolean ended = process.waitFor(40, TimeUnit.SECONDS);
        kill();
        return ended;
    }

    void mustRun() throws Exception {
        if (!process.isAlive()) {
            List<String> lines = Files.readAllLines(log);
            throw new AssertionError("the process ended with " + process.exitValue() + ": "
                + String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size())));
        }
    }

    @Override
    public void close() throws Exception {
        kill();
    }
}
