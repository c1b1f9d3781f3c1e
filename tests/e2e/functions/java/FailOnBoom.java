package meshwright.e2e;

import org.apache.pulsar.functions.api.Context;
import org.apache.pulsar.functions.api.Function;

/** Fails for the message "boom" and passes all others on: exceptions on demand. */
public class FailOnBoom implements Function<String, String> {
    @Override
    public String process(String input, Context context) {
        if (input.equals("boom")) {
            throw new IllegalArgumentException("boom, as was asked for");
        }
        return input;
    }
}
