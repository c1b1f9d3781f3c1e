package meshwright.e2e;

import java.util.Map;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.Schema;
import org.apache.pulsar.functions.api.Record;
import org.apache.pulsar.io.core.Sink;
import org.apache.pulsar.io.core.SinkContext;

/** Writes all that it gets to the topic "target", where a test can count it. */
public class CopySink implements Sink<String> {
    private Producer<String> producer;

    @Override
    public void open(Map<String, Object> config, SinkContext context) throws Exception {
        producer = context.getPulsarClient().newProducer(Schema.STRING)
                .topic(String.valueOf(config.get("target")))
                .enableBatching(false)
                .create();
    }

    @Override
    public void write(Record<String> record) {
        producer.sendAsync(record.getValue()).whenComplete((id, error) -> {
            if (error == null) {
                record.ack();
            } else {
                record.fail();
            }
        });
    }

    @Override
    public void close() throws Exception {
        producer.close();
    }
}
