package meshwright.e2e;

import java.util.Map;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.Reader;
import org.apache.pulsar.client.api.Schema;
import org.apache.pulsar.functions.api.Record;
import org.apache.pulsar.io.core.Source;
import org.apache.pulsar.io.core.SourceContext;

/**
 * Counts: "tick 0", "tick 1", ... What it remembers is in its topic, wherever it runs: a new instance goes on after the
 * last message. A number that is missing was lost, one that is there twice came from two instances.
 */
public class TickSource implements Source<String> {
    private long intervalMs;
    private long next;

    @Override
    public void open(Map<String, Object> config, SourceContext context) throws Exception {
        intervalMs = Long.parseLong(String.valueOf(config.get("intervalMs")));
        try (Reader<String> reader = context.getPulsarClient().newReader(Schema.STRING)
                .topic(context.getOutputTopic())
                .startMessageId(MessageId.latest)
                .startMessageIdInclusive()
                .create()) {
            while (reader.hasMessageAvailable()) {
                next = Long.parseLong(reader.readNext().getValue().substring("tick ".length())) + 1;
            }
        }
    }

    @Override
    public Record<String> read() throws Exception {
        Thread.sleep(intervalMs);
        String text = "tick " + next++;
        return () -> text;
    }

    @Override
    public void close() {
    }
}
