package meshwright.e2e;

import java.lang.reflect.Field;
import org.apache.pulsar.functions.api.Context;
import org.apache.pulsar.functions.api.Function;
import sun.misc.Unsafe;

/**
 * Takes memory until the kernel ends the container. The JVM bounds its heap and its buffers by flags, and would throw an
 * error; memory that was allocated like this is bounded by the container alone.
 */
public class AllocateMemory implements Function<String, String> {
    private static final long CHUNK_BYTES = 16 << 20;

    @Override
    public String process(String input, Context context) throws Exception {
        Field field = Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        Unsafe unsafe = (Unsafe) field.get(null);
        while (true) {
            // Memory counts once it is written.
            unsafe.setMemory(unsafe.allocateMemory(CHUNK_BYTES), CHUNK_BYTES, (byte) 1);
            Thread.sleep(5);
        }
    }
}
