package weir.scenarios;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * list: one line per scenario, NAME TAB AREA TAB quick or full TAB what is tried.
 * run BOOTSTRAP OTHER WORK LANES NAME…: plays them, LANES at a time, and says of each when it is done, in one line,
 * passed or failed TAB NAME TAB SECONDS TAB what is wrong.
 */
public final class Main {
    private static final int SECONDS = 240; // of one scenario

    public static void main(String[] args) throws Exception {
        List<Scenario> all = new ArrayList<>();
        all.addAll(ClassicGroups.all());
        all.addAll(ConsumerGroups.all());
        all.addAll(ShareGroups.all());
        all.addAll(Transactions.all());
        all.addAll(AdminCalls.all());
        all.addAll(StreamsScenarios.all());
        all.addAll(StreamsGroups.all());
        all.addAll(Connect.all());
        all.addAll(Mirror.all());
        if (args.length == 1 && args[0].equals("list")) {
            all.forEach(s -> System.out.println(String.join("\t", s.name(), s.area(), s.full() ? "full" : "quick", s.told())));
        } else if (args.length > 5 && args[0].equals("run")) {
            List<String> names = Arrays.asList(args).subList(5, args.length);
            play(all.stream().filter(s -> names.contains(s.name())).toList(), Integer.parseInt(args[4]),
                scenario -> once(scenario, args[1], args[2], Path.of(args[3])));
        } else {
            System.err.println("list | run BOOTSTRAP OTHER WORK LANES NAME…");
            System.exit(1);
        }
        System.exit(0);
    }

    private static void play(List<Scenario> scenarios, int lanes, Consumer<Scenario> once) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(lanes);
        for (Scenario scenario : scenarios) {
            pool.submit(() -> once.accept(scenario));
        }
        pool.shutdown();
        pool.awaitTermination(1, TimeUnit.DAYS); // each one is bounded
    }

    private static void once(Scenario scenario, String bootstrap, String other, Path work) {
        long began = System.nanoTime();
        String wrong = "";
        ExecutorService alone = Executors.newSingleThreadExecutor();
        try (Stage stage = new Stage(scenario.name(), bootstrap, other, Files.createDirectories(work))) {
            Future<?> done = alone.submit(() -> {
                scenario.body().run(stage);
                return null;
            });
            done.get(SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            wrong = "still running after " + SECONDS + " s";
        } catch (ExecutionException failure) {
            failure.getCause().printStackTrace();
            wrong = words(failure.getCause());
        } catch (Exception failure) {
            failure.printStackTrace();
            wrong = words(failure);
        } finally {
            alone.shutdownNow();
        }
        say(String.join("\t", wrong.isEmpty() ? "passed" : "failed", scenario.name(),
            "" + (System.nanoTime() - began) / 1_000_000_000.0, wrong));
    }

    private static synchronized void say(String line) {
        System.out.println(line);
    }

    /** The message with its causes and the line of the scenario where it came from. */
    private static String words(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable at = failure; at != null; at = at.getCause()) {
            text.append(at == failure ? "" : "; because of ").append(at);
        }
        Arrays.stream(failure.getStackTrace()).filter(f -> f.getClassName().startsWith("weir.") && !f.getFileName().equals("Stage.java"))
            .findFirst().ifPresent(f -> text.append(" (").append(f.getFileName()).append(':').append(f.getLineNumber()).append(')'));
        return text.toString().replaceAll("\\s+", " ");
    }
}
