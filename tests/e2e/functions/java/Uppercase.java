package meshwright.e2e;

import org.apache.pulsar.functions.api.Context;
import org.apache.pulsar.functions.api.Function;

/** Writes each message in capitals: of two functions in a row, the second shows that the first was there. */
public class Uppercase implements Function<String, String> {
    @Override
    public String process(String input, Context context) {
        return input.toUpperCase(java.util.Locale.ROOT);
    }
}
