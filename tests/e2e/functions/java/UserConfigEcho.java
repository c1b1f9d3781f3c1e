package meshwright.e2e;

import org.apache.pulsar.functions.api.Context;
import org.apache.pulsar.functions.api.Function;

/**
 * Answers with "message|config|secret": the value of the user configuration "suffix" and the secret "password", or "-"
 * where there is none.
 */
public class UserConfigEcho implements Function<String, String> {
    @Override
    public String process(String input, Context context) {
        String secret = context.getSecret("password");
        return input + "|" + context.getUserConfigValueOrDefault("suffix", "-") + "|"
                + (secret == null ? "-" : secret);
    }
}
