// A stand-in for a function written with Pulsar's Go library (pulsar-function-go): it takes the same command line, reads
// the topics and puts an exclamation mark behind each message. It is NOT that library: it answers no gRPC calls, has no
// metrics, no user configuration and no retries. What it proves is the command, the package and the pod, not the runtime.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os/signal"
	"slices"
	"syscall"

	"github.com/apache/pulsar-client-go/pulsar"
)

// instance is what the stand-in needs of the configuration of a Go instance.
type instance struct {
	ServiceURL         string            `json:"pulsarServiceURL"`
	Input              string            `json:"sourceSpecsTopic"`
	Inputs             map[string]string `json:"sourceInputSpecs"`
	Output             string            `json:"sinkSpecsTopic"`
	Subscription       string            `json:"subscriptionName"`
	Tenant             string            `json:"tenant"`
	Namespace          string            `json:"nameSpace"`
	Name               string            `json:"name"`
	Position           int               `json:"subscriptionPosition"`
	AuthPlugin         string            `json:"clientAuthenticationPlugin"`
	AuthParameters     string            `json:"clientAuthenticationParameters"`
	TrustedCertificate string            `json:"tlsTrustCertsFilePath"`
	AllowInsecure      bool              `json:"tlsAllowInsecureConnection"`
	ValidateHostname   bool              `json:"tlsHostnameVerificationEnable"`
}

func main() {
	text := flag.String("instance-conf", "", "configuration of the instance, as JSON")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *text); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context, text string) error {
	var conf instance
	if err := json.Unmarshal([]byte(text), &conf); err != nil {
		return fmt.Errorf("cannot read -instance-conf: %w", err)
	}
	client, err := connect(conf)
	if err != nil {
		return err
	}
	defer client.Close()
	consumer, err := client.Subscribe(pulsar.ConsumerOptions{
		Topics:                      topics(conf),
		SubscriptionName:            subscription(conf),
		Type:                        pulsar.Shared,
		SubscriptionInitialPosition: pulsar.SubscriptionInitialPosition(conf.Position),
	})
	if err != nil {
		return fmt.Errorf("cannot subscribe: %w", err)
	}
	defer consumer.Close()
	producer, err := client.CreateProducer(pulsar.ProducerOptions{Topic: conf.Output})
	if err != nil {
		return fmt.Errorf("cannot produce to %s: %w", conf.Output, err)
	}
	defer producer.Close()
	log.Printf("stand-in for a Go function: %v -> %s", topics(conf), conf.Output)
	return exclaim(ctx, consumer, producer)
}

func exclaim(ctx context.Context, consumer pulsar.Consumer, producer pulsar.Producer) error {
	for {
		message, err := consumer.Receive(ctx)
		if err != nil {
			return err
		}
		payload := append(slices.Clone(message.Payload()), '!')
		if _, err := producer.Send(ctx, &pulsar.ProducerMessage{Payload: payload}); err != nil {
			log.Printf("cannot send: %v", err)
			consumer.Nack(message)
			continue
		}
		if err := consumer.Ack(message); err != nil {
			return fmt.Errorf("cannot acknowledge: %w", err)
		}
	}
}

func connect(conf instance) (pulsar.Client, error) {
	options := pulsar.ClientOptions{
		URL:                        conf.ServiceURL,
		TLSTrustCertsFilePath:      conf.TrustedCertificate,
		TLSAllowInsecureConnection: conf.AllowInsecure,
		TLSValidateHostname:        conf.ValidateHostname,
	}
	if conf.AuthPlugin != "" {
		authentication, err := pulsar.NewAuthentication(conf.AuthPlugin, conf.AuthParameters)
		if err != nil {
			return nil, fmt.Errorf("cannot authenticate by %s: %w", conf.AuthPlugin, err)
		}
		options.Authentication = authentication
	}
	return pulsar.NewClient(options)
}

func topics(conf instance) []string {
	names := make([]string, 0, len(conf.Inputs)+1)
	// As the library has it: Function Mesh names one topic, Pulsar's own functions worker all of them.
	if conf.Input != "" {
		names = append(names, conf.Input)
	}
	for name := range conf.Inputs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func subscription(conf instance) string {
	if conf.Subscription != "" {
		return conf.Subscription
	}
	return conf.Tenant + "/" + conf.Namespace + "/" + conf.Name
}
