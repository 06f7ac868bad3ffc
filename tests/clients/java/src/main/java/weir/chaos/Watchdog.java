package weir.chaos;

import java.util.function.Consumer;

/** A worker that makes no step any more gives itself up, as it would be restarted where it is for real. */
final class Watchdog {
    private static final int GIVES_ITSELF_UP = 7; // keeper.py
    private static final long HANG_NANOS = 45_000_000_000L; // of one step, which is several calls

    private volatile String at = "start";
    private volatile long since = System.nanoTime();

    Watchdog(Consumer<String> say) {
        Thread looks = new Thread(() -> {
            while (System.nanoTime() - since <= HANG_NANOS) {
                try {
                    Thread.sleep(500);
                } catch (InterruptedException stop) {
                    return;
                }
            }
            say.accept(at);
            Runtime.getRuntime().halt(GIVES_ITSELF_UP);
        }, "watchdog");
        looks.setDaemon(true);
        looks.start();
    }

    void step(String name) {
        at = name;
        since = System.nanoTime();
    }
}
