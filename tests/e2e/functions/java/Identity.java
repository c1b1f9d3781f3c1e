package meshwright.e2e;

import org.apache.pulsar.functions.api.Context;
import org.apache.pulsar.functions.api.Function;

/** Passes bytes on as they are, whatever wrote them. */
public class Identity implements Function<byte[], byte[]> {
    @Override
    public byte[] process(byte[] input, Context context) {
        return input;
    }
}
