package weir.chaos;

import java.io.IOException;
import org.apache.kafka.common.KafkaException;

/** ROLE NAME BOOTSTRAP FOLDER SEED PLAN: one incarnation of a worker of tests/chaos, whose keeper starts the next one. */
public final class Main {
    public static void main(String[] args) throws IOException {
        Worker worker = args[0].equals("append") ? new Appender(args) : new Pipes(args);
        int code = 0;
        try {
            play(worker);
        } catch (KafkaException | Torn | IllegalStateException broken) {
            broken.printStackTrace();
            worker.write("e", worker.txn, "ends", broken.toString());
            code = 1;
        } catch (Exception wrong) {
            wrong.printStackTrace();
            worker.write("e", worker.txn, "worker", wrong.toString());
            code = 2;
        }
        Runtime.getRuntime().halt(code); // a transaction that is open stays so, as when a process dies
    }

    private static void play(Worker worker) throws Exception {
        switch (worker.role) {
            case "append" -> ((Appender) worker).append();
            case "mint" -> ((Pipes) worker).mint();
            case "move-0", "move-1" -> ((Pipes) worker).move();
            case "observe" -> ((Pipes) worker).observe();
            default -> throw new IllegalArgumentException("no part is called " + worker.role);
        }
    }
}
