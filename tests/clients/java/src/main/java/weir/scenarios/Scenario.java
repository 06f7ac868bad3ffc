package weir.scenarios;

/**
 * One thing that users do, on a stage of its own.
 *
 * @param area what it is counted under in the table
 * @param full only in runs of everything, since it takes long
 * @param told what is tried, in a sentence
 */
record Scenario(String name, String area, boolean full, String told, Body body) {
    interface Body {
        void run(Stage stage) throws Exception;
    }

    static Scenario of(String area, String name, String told, Body body) {
        return new Scenario(name, area, false, told, body);
    }

    static Scenario full(String area, String name, String told, Body body) {
        return new Scenario(name, area, true, told, body);
    }
}
