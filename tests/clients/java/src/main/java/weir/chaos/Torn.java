package weir.chaos;

/** The step can't be gone on with: a new incarnation is to try. */
final class Torn extends RuntimeException {
    private static final long serialVersionUID = 1;

    Torn(Throwable cause) {
        super(cause.toString(), cause);
    }

    Torn(String why) {
        super(why);
    }
}
