/** Trino's server, as its own launcher starts it. */
public class Start {
    public static void main(String[] arguments) {
        new io.trino.server.Server().start(System.getProperty("trino.version"));
    }
}
